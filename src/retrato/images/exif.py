"""EXIF blocks, changed where they must be and nowhere else.

What is not touched keeps its place, since the notes of cameras say where things are, counted from the beginning.
"""

import io
import struct
from collections.abc import Mapping

from PIL.ExifTags import IFD, Base

from retrato.images.tags import (
    ASCII,
    LONG,
    SHORT,
    Directory,
    Entry,
    Layout,
    directory_bytes,
    read_at,
    read_directory,
    read_header,
)

PREFIX = b"Exif\0\0"

_STORAGE_TAGS = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291, 292}
    | {293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 342, 343, 347}
    | {512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
    | {700, 33723, 34377, 34675, 37724, 50255}  # XMP, IPTC, Photoshop's, profile, its layers: all have their own place
)
"""Tags of a TIFF that say how its pixels are stored, or hold what a `Photo` has elsewhere."""

_THUMBNAIL_AT, _THUMBNAIL_LENGTH = 513, 514


def checked_exif(exif: bytes) -> bytes:
    """The block with its prefix, without what stands before it.

    Raises:
        ValueError: it is none.
    """
    start = exif.find(PREFIX, 0, 64)
    body = exif[start + len(PREFIX) :] if start >= 0 else exif
    read_tags(PREFIX + body)
    return PREFIX + body


def read_tags(exif: bytes) -> Directory:
    """Its tags; those of the thumbnail are not among them.

    Raises:
        ValueError: it is no EXIF block.
    """
    layout, file, offset = _opened(exif)
    return read_directory(file, layout, offset)[0]


def exif_of_tags(directory: Directory) -> bytes | None:
    """An EXIF block of a TIFF's tags, without those about how its pixels are stored."""
    kept = {tag: entry for tag, entry in directory.items() if tag not in _STORAGE_TAGS}
    return PREFIX + b"II*\0\x08\0\0\0" + directory_bytes(kept, 8, "<") if kept else None


def with_text(exif: bytes | None, tag: int, text: str) -> bytes:
    """The block with one more text, instead of any that stood there."""
    entry = Entry(ASCII, text.encode("ascii", "replace") + b"\0")
    block = exif_of_tags({tag: entry}) if exif is None else _changed(exif, {tag: entry})
    assert block is not None  # it has that tag
    return block


def upright(exif: bytes) -> bytes:
    """The block of a photo that was turned, without the thumbnail, which shows the photo as it was.

    Raises:
        ValueError, struct.error: it is damaged.
    """
    exif = _without_thumbnail(exif)
    if Base.Orientation in read_tags(exif):
        exif = _changed(exif, {Base.Orientation: Entry.of_numbers(SHORT, 1)})
    return exif


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """The block of a photo of that many pixels; what says nothing of its size goes on saying nothing."""
    layout, file, offset = _opened(exif)
    body = bytearray(file.getvalue())
    inner = _places_of_rows(body, layout, offset).get(IFD.Exif)
    if inner is None or IFD.Exif not in read_tags(exif):  # its place may be no place in the block
        return exif
    rows = _places_of_rows(body, layout, layout.offset.unpack_from(body, inner + 8)[0])
    for tag, number in ((Base.ExifImageWidth, width), (Base.ExifImageHeight, height)):
        if tag in rows:
            body[rows[tag] + 2 : rows[tag] + 12] = struct.pack(layout.byte_order + "HII", LONG, 1, number)
    return PREFIX + bytes(body)


def shortened(exif: bytes, most_bytes: int) -> bytes | None:
    """As much as fits, without the longest values."""
    directory = {tag: entry for tag, entry in read_tags(exif).items() if tag not in _STORAGE_TAGS}
    empty = len(directory_bytes({}, 0, "<"))
    sizes = {tag: len(directory_bytes({tag: entry}, 0, "<")) - empty for tag, entry in directory.items()}
    too_many = len(PREFIX) + 8 + empty + sum(sizes.values()) - most_bytes
    for tag in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if too_many > 0:
            del directory[tag]
            too_many -= sizes[tag]
    return exif_of_tags(directory)


def _opened(exif: bytes) -> tuple[Layout, io.BytesIO, int]:
    file = io.BytesIO(exif[len(PREFIX) :])
    layout, offset = read_header(file)
    if layout.is_big:
        raise ValueError("an EXIF block is no BigTIFF")
    return layout, file, offset


def _changed(exif: bytes, changes: Mapping[int, Entry]) -> bytes:
    """With some of the first directory's tags changed, in a new directory behind all else, which keeps its place."""
    layout, file, offset = _opened(exif)
    order = layout.byte_order
    count = struct.unpack(order + "H", read_at(file, offset, 2))[0]
    rows = {row[0]: row for row in layout.entry.iter_unpack(read_at(file, offset + 2, 12 * count))}
    body = file.getvalue() + bytes(len(file.getvalue()) % 2)
    tags = sorted(rows.keys() | changes.keys())
    values_at = len(body) + 2 + 12 * len(tags) + 4
    written, values = struct.pack(order + "H", len(tags)), b""
    for tag in tags:
        if tag not in changes:
            written += layout.entry.pack(*rows[tag])
            continue
        single = directory_bytes({tag: changes[tag]}, values_at + len(values) - 18, order)  # its values begin at 18
        written, values = written + single[2:14], values + single[18:]
    ending = struct.pack(order + "I", _next_offset(exif))
    return PREFIX + body[:4] + struct.pack(order + "I", len(body)) + body[8:] + written + ending + values


def _next_offset(exif: bytes) -> int:
    layout, file, offset = _opened(exif)
    return read_directory(file, layout, offset)[1]


def _without_thumbnail(exif: bytes) -> bytes:
    layout, file, offset = _opened(exif)
    order = layout.byte_order
    next_offset = _next_offset(exif)
    if next_offset == 0:
        return exif
    body = bytearray(file.getvalue())
    count = struct.unpack(order + "H", read_at(file, offset, 2))[0]
    end_of_first = offset + 2 + 12 * count
    body[end_of_first : end_of_first + 4] = bytes(4)
    try:
        thumbnail, _ = read_directory(file, layout, next_offset)
    except ValueError:
        return PREFIX + bytes(body)
    places = [thumbnail[tag].numbers for tag in (_THUMBNAIL_AT, _THUMBNAIL_LENGTH) if tag in thumbnail]
    if [len(place) for place in places] == [1, 1]:
        (start,), (length,) = places
        _blank(body, start, length)
    _blank(body, next_offset, 2 + 12 * len(thumbnail) + 4)
    return PREFIX + bytes(body)


def _blank(body: bytearray, start: int, length: int) -> None:
    """Cuts off what stands at the end, and makes zeros of what stands elsewhere."""
    end = min(start + length, len(body))
    if start < 8 or start >= end:
        return
    if len(body) - end < 4:
        del body[start:]
    else:
        body[start:end] = bytes(end - start)


def _places_of_rows(body: bytearray, layout: Layout, offset: int) -> dict[int, int]:
    """Where each tag of a directory stands."""
    count = struct.unpack_from(layout.byte_order + "H", body, offset)[0]
    places = [offset + 2 + 12 * index for index in range(count)]
    return {struct.unpack_from(layout.byte_order + "H", body, place)[0]: place for place in places}
