"""Whether a file is one whole picture, and what it is if it is none."""

import codecs

import PIL.Image

from retrato.errors import UnreadableImage
from retrato.images.heif import can_read_heif
from retrato.images.tags import BinaryFile

READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF")
"""Pillow's names of the file formats that can be read; with the package pillow-heif, HEIF too."""

_STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"BM": "BMP", b"GIF8": "GIF"}
_STARTS |= {b"%PDF": "PDF", b"8BPS": "Photoshop", b"<svg": "SVG", b"PK\3\4": "ZIP"}


def require_whole(kind: str | None, file: BinaryFile) -> None:
    """Finds the files whose end was lost but whose length was kept: Pillow would fill the rest with grey.

    Raises:
        UnreadableImage: the end of a JPEG is missing; of a PNG, Pillow's own errors say so.
    """
    if kind in {"JPEG", "MPO"}:
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
