"""Files that are made to take a reader's memory or time: small ones that claim or become much."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import PIL.Image
from damaged_files import PictureFile

from retrato.images.heif import can_read_heif
from retrato.images.jpeg_files import XMP_START, segment
from retrato.images.png_files import SIGNATURE, chunk

HUGE = 40_000
"""Pixels a side: with as many down, nine times the limit."""
GIGABYTE = 2**30


@dataclass(frozen=True)
class Hostile:
    """A file with an intention."""

    file: PictureFile
    target_format: str
    """What it is to be written as."""


def hostile_files() -> Iterator[Hostile]:
    """Made one after the other, since some are of many megabytes."""
    for format, intention, data, *target in (
        *_claimed_sizes(),
        *_unpacked(),
        *_pngs_with_much(),
        *_jpegs_with_much(),
        *_tiffs_with_much(),
        *_exif_of_much(),
    ):
        yield Hostile(PictureFile(format, intention, data()), *(target or (format,)))


Row = tuple[str, str, Callable[[], bytes]] | tuple[str, str, Callable[[], bytes], str]


def _picture(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(np.full((64, 64, 3), 120, np.uint8)).save(file, format, **options)
    return file.getvalue()


def _with(data: bytes, place: int, layout: str, *numbers: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, place, *numbers)
    return bytes(changed)


def _claimed_sizes() -> list[Row]:
    """Headers that say more pixels than there are: beyond the limit, and just within it."""
    rows: list[Row] = []
    for words, width, height in (
        ("beyond the limit", HUGE, HUGE),
        ("within it", 13_000, 13_000),
        ("a line", 65_500, 1),
    ):
        rows += [
            ("PNG", f"claims {width} x {height} px, {words}", lambda w=width, h=height: _png_claiming(w, h)),
            ("JPEG", f"claims {width} x {height} px, {words}", lambda w=width, h=height: _jpeg_claiming(w, h)),
            ("TIFF", f"claims {width} x {height} px, {words}", lambda w=width, h=height: _tiff_claiming(w, h, 1)),
            (
                "TIFF",
                f"claims {width} x {height} px, Deflate, {words}",
                lambda w=width, h=height: _tiff_claiming(w, h, 8),
            ),
            (
                "BMP",
                f"claims {width} x {height} px, {words}",
                lambda w=width, h=height: _with(_picture("BMP"), 18, "<ii", w, h),
            ),
            ("AVIF", f"claims {width} x {height} px, {words}", lambda w=width, h=height: _boxes_claiming("AVIF", w, h)),
        ]
        if can_read_heif():
            rows.append(
                (
                    "HEIF",
                    f"claims {width} x {height} px, {words}",
                    lambda w=width, h=height: _boxes_claiming("HEIF", w, h),
                )
            )
    rows.append(("BMP", "a height below zero", lambda: _with(_picture("BMP"), 18, "<ii", 64, -(2**31))))
    rows.append(("WEBP", "claims 16383 x 16383 px", lambda: _webp_claiming(16_383, 16_383)))
    return rows


def _png_claiming(width: int, height: int, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels or zlib.compress(bytes(1000))), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(*each) for each in chunks)


def _jpeg_claiming(width: int, height: int) -> bytes:
    data = _picture("JPEG")
    return _with(data, data.index(b"\xff\xc0") + 5, ">HH", height, width)


def _webp_claiming(width: int, height: int) -> bytes:
    """In the header of a file with extensions, and in that of the pixels."""
    data = _picture("WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    at = data.index(b"VP8L") + 9
    size = ((height - 1) << 14 | (width - 1)).to_bytes(4, "little")
    return data[:24] + canvas + data[30:at] + size + data[at + 4 :]


def _boxes_claiming(format: str, width: int, height: int) -> bytes:
    data = _picture(format)
    at = data.index(b"ispe") + 8
    return _with(data, at, ">II", width, height)


def _tiff(entries: list[tuple[int, int, int, int]], behind: bytes = b"", next_offset: int = 0) -> bytes:
    rows = b"".join(struct.pack("<HHII", *each) for each in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + rows + struct.pack("<I", next_offset) + behind


def _grey_page(
    width: int, height: int, place: int, length: int, compression: int = 1
) -> list[tuple[int, int, int, int]]:
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, 1, place),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, length),
    ]


def _tiff_claiming(width: int, height: int, compression: int) -> bytes:
    pixels = zlib.compress(bytes(4096)) if compression == 8 else bytes(4096)
    return _tiff(_grey_page(width, height, 8 + 2 + 12 * 9 + 4, len(pixels), compression), pixels)


def _unpacked() -> list[Row]:
    """Little that becomes much when it is unpacked."""
    return [
        (
            "PNG",
            "pixels that unpack to 1 GB behind 64 x 64 of them",
            lambda: _png_claiming(64, 64, _gigabyte_of_zeros()),
        ),
        ("PNG", "a text that unpacks to 1 GB", lambda: _png_with(b"zTXt", b"Comment\0\0" + _gigabyte_of_zeros())),
        (
            "PNG",
            "XMP that unpacks to 1 GB",
            lambda: _png_with(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _gigabyte_of_zeros()),
        ),
        ("PNG", "a colour profile that unpacks to 1 GB", lambda: _png_with(b"iCCP", b"a\0\0" + _gigabyte_of_zeros())),
        ("PNG", "a white picture of 169 million pixels", lambda: _white_png(13_000)),
        ("TIFF", "a strip that unpacks to 1 GB behind 64 x 64 px", _tiff_with_a_large_strip),
    ]


def _gigabyte_of_zeros() -> bytes:
    compressor = zlib.compressobj(1)
    return b"".join(compressor.compress(bytes(2**20)) for _ in range(1024)) + compressor.flush()


def _png_with(*kinds_and_contents: bytes) -> bytes:
    data = _picture("PNG")
    added = b"".join(map(chunk, kinds_and_contents[::2], kinds_and_contents[1::2]))
    return data[:33] + added + data[33:]


def _white_png(side: int) -> bytes:
    compressor = zlib.compressobj(1)
    row = b"\0" + b"\xff" * (3 * side)
    return _png_claiming(side, side, b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush())


def _tiff_with_a_large_strip() -> bytes:
    pixels = _gigabyte_of_zeros()
    return _tiff(_grey_page(64, 64, 8 + 2 + 12 * 9 + 4, len(pixels), 8), pixels)


def _pngs_with_much() -> list[Row]:
    thumbnails = b"<xmp:Thumbnails" * 200_000
    return [
        ("PNG", "a million empty chunks", lambda: _png_with(*[b"teSt", b""] * 1_000_000)),
        ("PNG", "300,000 short texts", lambda: _png_with(*[b"tEXt", b"a\0b"] * 300_000)),
        (
            "PNG",
            "3 MB of XMP that begins 200,000 thumbnails",
            lambda: _png_with(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + thumbnails),
        ),
        (
            "PNG",
            "ImageMagick's EXIF with 10 MB of digits",
            lambda: _png_with(b"tEXt", b"Raw profile type exif\0\n\n\n" + b"ab" * 5_000_000),
        ),
    ]


def _jpegs_with_much() -> list[Row]:
    def with_segments(*added: bytes) -> Callable[[], bytes]:
        data = _picture("JPEG")
        return lambda: data[:2] + b"".join(added) + data[2:]

    motion = segment(0xE1, XMP_START + b"GCamera:MotionPhoto")
    return [
        ("JPEG", "500,000 empty comments", with_segments(segment(0xFE, b"") * 500_000)),
        ("JPEG", "100,000 motion photos", with_segments(motion * 100_000)),
        ("JPEG", "40 MB of padding", with_segments(b"\xff" * 40_000_000)),
        ("JPEG", "500,000 parts of Photoshop's resources", with_segments(segment(0xED, b"Photoshop 3.0\0") * 500_000)),
        ("JPEG", "250 parts of a colour profile that lacks some", with_segments(*_profile_parts())),
        (
            "JPEG",
            "XMP that begins 4,000 thumbnails",
            with_segments(segment(0xE1, XMP_START + b"<xmp:Thumbnails" * 4000)),
        ),
    ]


def _profile_parts() -> list[bytes]:
    return [segment(0xE2, b"ICC_PROFILE\0" + bytes([each, 255]) + bytes(65_000)) for each in range(1, 251)]


def _tiffs_with_much() -> list[Row]:
    page = _grey_page(64, 64, 8, 4096)
    return [
        ("TIFF", "a directory that is its own next one", lambda: _tiff(page, bytes(5000), 8)),
        ("TIFF", "20,000 pages", lambda: _many_pages(20_000, 64)),
        ("TIFF", "100 pages whose tags all hold the whole file", lambda: _tiff_of_greedy_pages(10_000_000)),
        ("TIFF", "4,000 tags that all hold the same 8 MB", lambda: _greedy_tags(4000, 8_000_000)),
        ("TIFF", "4,000 tags of 5 KB each", lambda: _tags_in_a_row(4000, 5000)),
        ("TIFF", "4,000 tags of 100 bytes each, into a JPEG", lambda: _tags_in_a_row(4000, 100), "JPEG"),
        ("TIFF", "directories in directories in circles", _tiff_in_circles),
        ("TIFF", "directories that share 20 MB of values", lambda: _nested_greedy(20_000_000)),
        (
            "TIFF",
            "XMP of 15 MB that begins a million thumbnails",
            lambda: _tiff_with_xmp(b"<xmp:Thumbnails" * 1_000_000),
        ),
    ]


def _many_pages(count: int, side: int) -> bytes:
    size = 2 + 12 * 9 + 4
    data = b"II*\0\x08\0\0\0"
    for number in range(1, count + 1):
        last = number == count
        data += _tiff(_grey_page(side, side, 8, 100), b"", 0 if last else 8 + size * number)[8:]
        if number == 200:  # the others are this one again, which is told by the place
            unit = data[8 : 8 + size]
            return b"".join([data, *(_renumbered(unit, 8 + size * each) for each in range(number, count))])
    return data


def _renumbered(page: bytes, place: int) -> bytes:
    return page[:-4] + struct.pack("<I", place + len(page))


def _greedy_tags(count: int, length: int) -> bytes:
    entries = [*_grey_page(64, 64, 8, 4096), *((40_000 + each, 1, length, 8) for each in range(count - 9))]
    return _tiff(entries, bytes(length))


def _tags_in_a_row(count: int, length: int) -> bytes:
    start = 8 + 2 + 12 * count + 4
    entries = [
        *_grey_page(64, 64, 8, 4096),
        *((40_000 + each, 1, length, start + length * each) for each in range(count - 9)),
    ]
    return _tiff(entries, bytes(length * count))


def _tiff_of_greedy_pages(length: int) -> bytes:
    size = 2 + 12 * 11 + 4
    data = b"II*\0\x08\0\0\0"
    for number in range(100):
        entries = [*_grey_page(64, 64, 8, 4096), (40_000, 1, length, 8), (40_001, 1, length, 8)]
        data += _tiff(entries, b"", 0 if number == 99 else 8 + size * (number + 1))[8:]
    return data + bytes(length)


def _tiff_in_circles() -> bytes:
    return _tiff(
        [*_grey_page(64, 64, 8, 4096), (330, 4, 1, 8), (34_665, 4, 1, 8), (34_853, 4, 1, 8), (40_965, 4, 1, 8)],
        bytes(5000),
    )


def _nested_greedy(length: int) -> bytes:
    """The first directory's three inner ones are one that has itself inside, each with values as long as the file."""
    first = _grey_page(64, 64, 8, 4096)
    inner_at = 8 + 2 + 12 * (len(first) + 5) + 4
    greedy = [(tag, 4, 1, inner_at) for tag in (34_665, 34_853, 40_965)] + [
        (41_000 + each, 1, length, 8) for each in range(2)
    ]
    inner = _tiff(greedy)[8:]
    return _tiff([*first, *greedy], inner + bytes(length))


def _tiff_with_xmp(xmp: bytes) -> bytes:
    entries = _grey_page(64, 64, 8, 4096)
    start = 8 + 2 + 12 * (len(entries) + 1) + 4
    return _tiff([*entries, (700, 1, len(xmp), start)], xmp + bytes(5000))


def _exif_of_much() -> list[Row]:
    """EXIF blocks whose tags all hold the same bytes, which readers copy for each."""

    def greedy(count: int, length: int) -> bytes:
        return b"Exif\0\0" + _tiff([(1000 + each, 1, length, 8) for each in range(count)], bytes(length))

    def in_jpeg() -> bytes:
        exif = greedy(60_000, 2_000_000)[6:]
        parts = [exif[start : start + 65_000] for start in range(0, len(exif), 65_000)]
        data = _picture("JPEG")
        return data[:2] + b"".join(segment(0xE1, b"Exif\0\0" + part) for part in parts) + data[2:]

    rows: list[Row] = [
        ("JPEG", "EXIF whose 5,000 tags all hold the same 4 KB", lambda: _picture("JPEG", exif=greedy(5000, 4000))),
        ("JPEG", "EXIF in 42 parts whose 60,000 tags all hold the same 2 MB", in_jpeg),
        (
            "PNG",
            "EXIF whose 60,000 tags all hold the same 2 MB",
            lambda: _png_with(b"eXIf", greedy(60_000, 2_000_000)[6:]),
        ),
        (
            "WEBP",
            "EXIF whose 60,000 tags all hold the same 2 MB",
            lambda: _picture("WEBP", exif=greedy(60_000, 2_000_000)),
        ),
        ("AVIF", "EXIF whose 60,000 tags all hold the same 2 MB", lambda: _avif_with(greedy(60_000, 2_000_000))),
        (
            "PNG",
            "EXIF of 4,000 tags of 10 KB, into a JPEG",
            lambda: _png_with(b"eXIf", _tags_in_a_row(4000, 10_000)),
            "JPEG",
        ),
    ]
    if can_read_heif():
        rows.append(
            (
                "HEIF",
                "EXIF whose 60,000 tags all hold the same 2 MB",
                lambda: _picture("HEIF", exif=greedy(60_000, 2_000_000)),
            )
        )
    return rows


def _avif_with(exif: bytes) -> bytes:
    """Pillow would read the block before it writes it, so it is written with another of that length."""
    stand_in = b"Exif\0\0" + _tiff([(1000, 1, len(exif) - 100, 26)], bytes(len(exif)))[: len(exif) - 6]
    data = _picture("AVIF", exif=stand_in)
    return data.replace(stand_in[6:], exif[6:])
