"""TIFF files with several pages, 8 or 16 bits, and whatever tags the photo came with.

TIFF 6.0 (Adobe, 1992). Pillow writes no 16-bit colour, loses some tags, and compresses without EXIF only.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image

from retrato.errors import UnwritableOutput
from retrato.images.colours import LAB_SIGNS
from retrato.images.photo import Colours, StoredPixels, TiffTraits
from retrato.images.tags import (
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    BinaryFile,
    Directory,
    Entry,
    directory_bytes,
    read_at,
    read_directory,
    read_header,
)

WritableFile = io.BufferedWriter | io.BytesIO
"""Open for writing; pages are told where the next one is when it is there."""

XMP, IPTC, PHOTOSHOP, PROFILE = 700, 33723, 34377, 34675
_COMPRESSION, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 259, 273, 279, 324, 325
_SUBFILE, _IS_THUMBNAIL, _PREVIEWS = 254, 1, 330

NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
WRITTEN_COMPRESSIONS = {NONE: None, LZW: "tiff_lzw", DEFLATE: None, PACKBITS: "packbits"}
"""The compressions that are kept, with Pillow's names for those that it does."""
_OLD_NUMBERS = {32946: DEFLATE}

_COPIED_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32946, 32773, 34925, 50000, 50001})
"""All whose strips and tiles mean the same in another place."""

_PHOTOMETRIC = {Colours.GREY: 1, Colours.RGB: 2, Colours.CMYK: 5, Colours.LAB: 8}
_STRIP_BYTES = 256 * 1024
_LONGEST_FILE = 2**32 - 1
MOST_PAGES = 100


@dataclass(frozen=True, eq=False)
class TiffPage:
    """A page that is compressed while it is written."""

    pixels: StoredPixels
    alpha: np.ndarray | None
    """As deep as the pixels."""
    tags: Directory
    """All that do not say how its pixels are stored."""
    traits: TiffTraits


@dataclass(frozen=True, eq=False)
class CopiedPage:
    """A page of another file, taken over to the bit."""

    tags: Directory
    parts: tuple[bytes, ...]
    """Its strips or tiles, compressed as they were."""
    byte_order: str


def read_tiff(file: BinaryFile, page: int) -> tuple[Directory, TiffTraits]:
    """The tags of a page, and how it was compressed.

    Raises:
        ValueError: there is no such page.
    """
    byte_order, tags = _tags_of_page(file, page)
    compression = _number(tags, _COMPRESSION, NONE)
    compression = _OLD_NUMBERS.get(compression, compression)
    photoshop = tags.get(PHOTOSHOP)
    is_kept = compression in WRITTEN_COMPRESSIONS
    traits = TiffTraits(
        compression if is_kept else DEFLATE,
        is_differenced=not is_kept or _number(tags, 317, 1) == 2,
        byte_order=byte_order,
        photoshop=None if photoshop is None else photoshop.data,
    )
    return tags, traits


def copy_page(file: BinaryFile, page: int) -> CopiedPage | None:
    """The page as it is, or nothing if its pixels only mean something where they are.

    Raises:
        ValueError: there is no such page, or it is cut short.
    """
    byte_order, tags = _tags_of_page(file, page)
    if read_header(file)[0].is_big:  # its numbers of 64 bits are none of a TIFF's
        return None
    places, sizes = (_STRIPS, _STRIP_SIZES) if _STRIPS in tags else (_TILES, _TILE_SIZES)
    if _number(tags, _COMPRESSION, NONE) not in _COPIED_COMPRESSIONS or not tags.keys() >= {places, sizes}:
        return None
    spans = list(zip(tags[places].numbers, tags[sizes].numbers, strict=True))
    if sum(size for _, size in spans) > 2 * file.seek(0, io.SEEK_END):
        raise ValueError("strips that lie over one another")
    parts = tuple(read_at(file, place, size) for place, size in spans)
    if [len(part) for part in parts] != [size for _, size in spans]:
        raise ValueError("strips that are cut short")
    return CopiedPage({tag: tags[tag] for tag in tags if tag != _PREVIEWS}, parts, byte_order)


def pages_of_pictures(file: BinaryFile) -> list[int]:
    """The numbers of the pages that are no thumbnails, of which a camera writes some; at most 100.

    Raises:
        ValueError: not a TIFF.
    """
    pages = enumerate(_kinds_of_pages(file))
    return [number for number, (_, tags) in pages if not _number(tags, _SUBFILE, 0) & _IS_THUMBNAIL]


def _kinds_of_pages(file: BinaryFile) -> Iterator[tuple[int, Directory]]:
    """Where the tags of each page are, and the one that says what kind of page it is."""
    layout, offset = read_header(file)
    seen: set[int] = set()
    while offset != 0 and offset not in seen and len(seen) < MOST_PAGES:
        seen.add(offset)
        tags, next_offset = read_directory(file, layout, offset, wanted={_SUBFILE})
        yield offset, tags
        offset = next_offset


def _tags_of_page(file: BinaryFile, page: int) -> tuple[str, Directory]:
    """Byte order and tags."""
    for number, (offset, _) in enumerate(_kinds_of_pages(file)):
        if number == page:
            layout, _ = read_header(file)
            return layout.byte_order, read_directory(file, layout, offset)[0]
    raise ValueError(f"no page {page + 1}")


def _number(tags: Directory, tag: int, default: int) -> int:
    numbers = tags[tag].numbers if tag in tags else ()
    return numbers[0] if numbers else default


def write_tiff(pages: Iterable[TiffPage | CopiedPage], file: WritableFile) -> None:
    """Writes pages one after another, none of which stays in memory.

    Raises:
        UnwritableOutput: the pages are more than 4 GB, or copied from files of different byte orders.
    """
    byte_order, link = "", 4
    for page in pages:
        own_order = page.byte_order if isinstance(page, CopiedPage) else page.traits.byte_order
        if not byte_order:
            byte_order = own_order
            file.write((b"II*\0" if byte_order == "<" else b"MM\0*") + bytes(4))
        if isinstance(page, CopiedPage) and own_order != byte_order:
            raise UnwritableOutput("pages of different byte orders cannot be copied into one TIFF; write them singly")
        tags = _write_copied(page, file) if isinstance(page, CopiedPage) else _write_page(page, file, byte_order)
        link = _write_directory(tags, file, byte_order, link)


def _write_directory(tags: Directory, file: WritableFile, byte_order: str, link: int) -> int:
    """Writes the tags and tells the page before where they are; where the next page is to be told."""
    start = file.tell() + file.tell() % 2
    data = directory_bytes(tags, start, byte_order)
    if start + len(data) > _LONGEST_FILE:
        raise UnwritableOutput("a TIFF holds at most 4 GB, and this would be longer; write its pages singly")
    file.seek(start)
    file.write(data)
    file.seek(link)
    file.write(struct.pack(byte_order + "I", start))
    file.seek(0, io.SEEK_END)
    return start + 2 + 12 * len(tags)


def _write_copied(page: CopiedPage, file: WritableFile) -> Directory:
    places = _STRIPS if _STRIPS in page.tags else _TILES
    starts = [_write_part(part, file) for part in page.parts]
    return {**page.tags, places: Entry.of_numbers(LONG, *starts)}


def _write_part(part: bytes, file: WritableFile) -> int:
    start = file.tell() + file.tell() % 2
    if start + len(part) > _LONGEST_FILE:
        raise UnwritableOutput("a TIFF holds at most 4 GB, and this would be longer; write its pages singly")
    file.seek(start)
    file.write(part)
    return start


def _write_page(page: TiffPage, file: WritableFile, byte_order: str) -> Directory:
    layers = [page.pixels.values] if page.alpha is None else [page.pixels.values, page.alpha]
    height, width = page.pixels.values.shape[:2]
    channels = sum(1 if layer.ndim == 2 else layer.shape[2] for layer in layers)
    rows = max(1, _STRIP_BYTES // (width * channels * page.pixels.bits // 8))
    starts, sizes = [], []
    for top in range(0, height, rows):
        part = _strip(layers, slice(top, top + rows), page, byte_order)
        starts.append(_write_part(part, file))
        sizes.append(len(part))
    storage = {
        256: Entry.of_numbers(LONG, width),
        257: Entry.of_numbers(LONG, height),
        258: Entry.of_numbers(SHORT, *[page.pixels.bits] * channels),
        _COMPRESSION: Entry.of_numbers(SHORT, page.traits.compression),
        262: Entry.of_numbers(SHORT, _PHOTOMETRIC[page.pixels.colours]),
        _STRIPS: Entry.of_numbers(LONG, *starts),
        277: Entry.of_numbers(SHORT, channels),
        278: Entry.of_numbers(LONG, rows),
        _STRIP_SIZES: Entry.of_numbers(LONG, *sizes),
        284: Entry.of_numbers(SHORT, 1),  # all channels of a pixel together
    }
    storage |= {317: Entry.of_numbers(SHORT, 2)} if _is_differenced(page.traits) else {}
    storage |= {338: Entry.of_numbers(SHORT, 2)} if page.alpha is not None else {}  # alpha, not multiplied into colours
    return {**page.tags, **storage}


def _is_differenced(traits: TiffTraits) -> bool:
    return traits.is_differenced and traits.compression in {LZW, DEFLATE}


def _strip(layers: Sequence[np.ndarray], rows: slice, page: TiffPage, byte_order: str) -> bytes:
    band = np.dstack([layer[rows] for layer in layers])
    if page.pixels.colours is Colours.LAB:
        band[..., :3] ^= LAB_SIGNS
    if _is_differenced(page.traits):
        band[:, 1:] = np.diff(band, axis=1)  # around 0, as TIFF means it
    if band.dtype == np.uint16:
        band = band.astype(byte_order + "u2")
    return _compressed(band.reshape(len(band), -1).view(np.uint8), page.traits.compression)


def _compressed(rows: np.ndarray, compression: int) -> bytes:
    if compression == NONE:
        return rows.tobytes()
    if compression == DEFLATE:
        return zlib.compress(rows.tobytes(), 6)
    file = io.BytesIO()
    # Compression knows nothing of pixels, so that any bytes can go as a grey picture of one strip.
    name = WRITTEN_COMPRESSIONS[compression]
    PIL.Image.fromarray(rows).save(file, "TIFF", compression=name, strip_size=max(rows.nbytes, 1))
    page = copy_page(file, 0)
    if page is None or len(page.parts) != 1:
        raise UnwritableOutput(f"Pillow did not write one strip with {name}; write PNG")
    return page.parts[0]


def metadata_tags(
    xmp: bytes | None, iptc: bytes | None, photoshop: bytes | None, icc_profile: bytes | None
) -> Directory:
    """The tags that hold what a photo has beside its EXIF."""
    return {
        tag: Entry(kind, data)
        for tag, kind, data in (
            (XMP, 1, xmp),
            (IPTC, UNDEFINED, iptc),
            (PHOTOSHOP, 1, photoshop),
            (PROFILE, UNDEFINED, icc_profile),
        )
        if data is not None
    }


def resolution_tags(dots_per_inch: tuple[float, float]) -> Directory:
    """The size on paper."""
    across, down = (Entry(RATIONAL, struct.pack("<II", round(dots * 1000), 1000)) for dots in dots_per_inch)
    return {282: across, 283: down, 296: Entry.of_numbers(SHORT, 2)}
