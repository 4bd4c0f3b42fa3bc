"""Whether a file is one whole picture that can be read in reasonable time and memory, and what it is if it is none."""

import codecs
import io
import struct

import PIL.Image

from retrato.errors import UnreadableImage
from retrato.images.heif import can_read_heif
from retrato.images.tags import BinaryFile

READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF")
"""Pillow's names of the file formats that can be read; with the package pillow-heif, HEIF too."""

_STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"BM": "BMP", b"GIF8": "GIF"}
_STARTS |= {b"II+\0": "TIFF", b"MM\0+": "TIFF"}  # BigTIFF
_STARTS |= {b"%PDF": "PDF", b"8BPS": "Photoshop", b"<svg": "SVG", b"PK\3\4": "ZIP"}


_LONGEST_BYTES = 2**30
"""Of files that are read as a whole; of pixels within the limit none compresses worse."""
_READ_AS_WHOLE = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
_MOST_PARTS = 300_000
"""Segments or chunks, each of which takes Pillow some microseconds; larger pictures than the limit have fewer."""
_MOST_PADDING = 100_000
"""Bytes between two segments of a JPEG."""

_MOST_PIXELS_PER_BYTE = {"JPEG": 512, "WEBP": 10_000, "AVIF": 10_000, "HEIF": 10_000}
"""A JPEG has a bit for each 8 x 8 pixels or more, but for arithmetic coding, which no camera writes; of the others even
the emptiest photos have far more bytes than this."""
_SMALL_PIXELS = 25_000_000
"""Pictures that are read even where they say nothing, since they take little."""


def require_reasonable(file: BinaryFile) -> None:
    """Refuses, before any decoder sees it, what is made to take its time or memory.

    Raises:
        UnreadableImage: more segments or chunks, or a longer file, than a picture has.
    """
    file.seek(0)
    kind = kind_by_start(file.read(16))
    size_bytes = file.seek(0, io.SEEK_END)
    if kind in _READ_AS_WHOLE and size_bytes > _LONGEST_BYTES:
        found = f"{size_bytes / 1e9:.1f} GB, which is more than any {kind} picture has"
        raise UnreadableImage(f"a file of {found}; export the picture anew")
    if (kind == "JPEG" and not _has_few_segments(file)) or (kind == "PNG" and not _has_few_chunks(file)):
        raise UnreadableImage(f"a {kind} of over {_MOST_PARTS:,} parts or mostly padding; export the picture anew")


def require_enough_bytes(kind: str | None, pixels: int, file: BinaryFile) -> None:
    """Finds headers that lie: decoders would make all those pixels first, and then fill them with grey.

    Raises:
        UnreadableImage: more pixels than the file has room for.
    """
    size_bytes = file.seek(0, io.SEEK_END)
    is_large = kind == "JPEG" or pixels > _SMALL_PIXELS
    if is_large and pixels > _MOST_PIXELS_PER_BYTE.get(str(kind), pixels) * size_bytes:
        claim = f"says that it has {pixels:,} pixels, which its {size_bytes:,} bytes cannot hold"
        raise UnreadableImage(f"{claim}; get a whole copy of the file")


def _has_few_segments(file: BinaryFile) -> bool:
    """Of a JPEG, before its first scan."""
    file.seek(2)
    padding = 0
    for _ in range(_MOST_PARTS + _MOST_PADDING):
        marker = file.read(2)
        if marker == b"\xff\xff":
            padding += 1
            file.seek(-1, io.SEEK_CUR)
        elif len(marker) < 2 or marker[0] != 0xFF or marker[1] == 0xDA:
            return True
        else:
            file.seek(max(int.from_bytes(file.read(2), "big") - 2, 0), io.SEEK_CUR)
        if padding > _MOST_PADDING:
            return False
    return False


def _has_few_chunks(file: BinaryFile) -> bool:
    """Of a PNG, where a broken one counts as having few."""
    file.seek(8)
    for _ in range(_MOST_PARTS):
        head = file.read(8)
        if len(head) < 8:
            return True
        file.seek(struct.unpack(">I", head[:4])[0] + 4, io.SEEK_CUR)
    return False


def require_whole(kind: str | None, file: BinaryFile) -> None:
    """Finds the files whose end was lost but whose length was kept: Pillow would fill the rest with grey.

    Raises:
        UnreadableImage: the end of a JPEG is missing; of a PNG, Pillow's own errors say so.
    """
    if kind == "JPEG":
        file.seek(0)
        if not _has_jpeg_end(file.read()):
            raise UnreadableImage("the end of this JPEG is missing; get a whole copy of the file")
    elif kind == "PNG":
        with PIL.Image.open(file, formats=["PNG"]) as picture:
            picture.verify()


def _has_jpeg_end(data: bytes) -> bool:
    """Whether the end marker, which compressed pixels cannot contain, follows the first start of a scan."""
    position = 2
    while data[position] == 0xFF and data[position + 1] != 0xDA:
        is_padding = data[position + 1] == 0xFF
        position += 1 if is_padding else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return data.find(b"\xff\xd9", position) >= 0


def strange_kind(file: BinaryFile) -> str:
    """What a file that Pillow does not know seems to be, and what to do."""
    file.seek(0)
    start = file.read(512)
    kind = kind_by_start(start)
    advice = "save it as JPEG or PNG"
    if kind == "HEIF" and not can_read_heif():
        return f'a HEIC file, for which retrato needs pillow-heif: pip install "retrato[heif]"; or {advice}'
    if kind in {*READ_FORMATS, "HEIF"}:
        return f"begins like a {kind} file but is damaged or of an unusual kind; get a whole copy, or {advice}"
    if kind is not None:
        return f"a {kind} file, which cannot be read; {advice}"
    if _is_text(start):
        return "a text file, not a picture; name a picture file"
    return f"not a picture that can be read ({', '.join(READ_FORMATS)}); {advice}"


def kind_by_start(start: bytes) -> str | None:
    """Pillow's or the usual name of a format, by its first 12 bytes."""
    if start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        if start[8:11] == b"avi":
            return "AVIF"
        return "HEIF" if start[8:11] in {b"hei", b"hev", b"mif", b"msf"} else "video"
    return next((kind for begin, kind in _STARTS.items() if start.startswith(begin)), None)


def _is_text(start: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # the last letter may be cut in two
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)


def is_lossless(webp_start: bytes) -> bool:
    """Whether a WebP was compressed without loss, by its first chunk of pixels."""
    position = 12
    while position + 8 <= len(webp_start):
        kind = webp_start[position : position + 4]
        if kind in {b"VP8L", b"VP8 "}:
            return kind == b"VP8L"
        length = int.from_bytes(webp_start[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    return False
