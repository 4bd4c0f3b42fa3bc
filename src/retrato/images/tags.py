"""The directories of tags that TIFF files and EXIF blocks consist of, with every value as it is.

TIFF 6.0 (Adobe, 1992), section 2; BigTIFF, which is read only, has wider counts and offsets.
"""

import io
import struct
from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np

BinaryFile = io.BufferedReader | io.BytesIO
"""Open for reading."""

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7

SUBDIRECTORIES = {34665: "EXIF", 34853: "GPS", 40965: "interoperability"}
"""Tags whose value says where a directory begins."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each type."""
_WORDS = _SIZES | {5: 4, 10: 4}
"""Bytes that stand together when the byte order is another; a fraction is two numbers."""
_MOST_TAGS = 4096
_DEEPEST = 3
_MOST_OVERLAPS = 1
"""Times its length of values in a file; they may lie over one another, and a hostile file would fill the memory."""


@dataclass(frozen=True)
class Entry:
    """The values of one tag."""

    type: int
    """TIFF's number of the type of its values."""
    data: bytes
    """In little-endian order; empty where there is a directory instead."""
    directory: "Directory | None" = None

    @property
    def count(self) -> int:
        """How many values."""
        return 1 if self.directory is not None else len(self.data) // _SIZES[self.type]

    @property
    def bytes_held(self) -> int:
        """Bytes of its values, those of a directory's tags included."""
        return len(self.data) + sum(each.bytes_held for each in (self.directory or {}).values())

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its whole numbers; none if it has others."""
        kind = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(self.type)
        return () if kind is None else struct.unpack(f"<{self.count}{kind}", self.data)

    @classmethod
    def of_numbers(cls, type: int, *numbers: int) -> "Entry":
        """Whole numbers of 16 (`SHORT`) or 32 (`LONG`) bits."""
        return cls(type, struct.pack(f"<{len(numbers)}{'H' if type == SHORT else 'I'}", *numbers))


Directory = Mapping[int, Entry]


@dataclass(frozen=True)
class Layout:
    """How a file writes its numbers."""

    byte_order: str
    is_big: bool
    """BigTIFF."""

    @property
    def offset(self) -> struct.Struct:
        """Of where something stands."""
        return struct.Struct(self.byte_order + ("Q" if self.is_big else "I"))

    @property
    def entry(self) -> struct.Struct:
        """Of a tag, its type, the count of its values, and the values or where they are."""
        return struct.Struct(self.byte_order + ("HHQ8s" if self.is_big else "HHI4s"))


def read_header(file: BinaryFile) -> tuple[Layout, int]:
    """How the file writes its numbers, and where its first directory is.

    Raises:
        ValueError: not the beginning of a TIFF.
    """
    start = read_at(file, 0, 16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    version = 0 if order is None or len(start) < 8 else struct.unpack(order + "H", start[2:4])[0]
    if order is None or version not in {42, 43} or (version == 43 and len(start) < 16):
        raise ValueError("not the beginning of a TIFF")
    layout = Layout(order, version == 43)
    return layout, layout.offset.unpack(start[8:16] if layout.is_big else start[4:8])[0]


def read_directory(
    file: BinaryFile, layout: Layout, offset: int, wanted: Container[int] = range(2**16)
) -> tuple[Directory, int]:
    """The tags at a place in a file, of those that are wanted, and where the next directory is (0 for none).

    What cannot be read of a single tag is left out, as what programs write there is often wrong.

    Raises:
        ValueError: there is no directory.
    """
    room = _MOST_OVERLAPS * file.seek(0, io.SEEK_END)
    rows, next_offset = _read_rows(file, layout, offset)
    return _read_entries(file, layout, [row for row in rows if row[0] in wanted], 0, room), next_offset


Row = tuple[int, int, int, bytes]
"""A tag, its type, the count of its values, and the values or where they are."""


def _read_rows(file: BinaryFile, layout: Layout, offset: int) -> tuple[list[Row], int]:
    count_size = 8 if layout.is_big else 2
    count = int.from_bytes(read_at(file, offset, count_size), "little" if layout.byte_order == "<" else "big")
    if not 0 < count <= _MOST_TAGS:
        raise ValueError(f"a directory of {count} tags")
    size = layout.entry.size
    rows = read_at(file, offset + count_size, count * size)
    if len(rows) < count * size:
        raise ValueError("a directory that is cut short")
    end = read_at(file, offset + count_size + count * size, layout.offset.size)
    next_offset = layout.offset.unpack(end)[0] if len(end) == layout.offset.size else 0
    return list(layout.entry.iter_unpack(rows)), next_offset


def _read_entries(file: BinaryFile, layout: Layout, rows: list[Row], depth: int, room: int) -> dict[int, Entry]:
    """The first entry of each tag, with no more bytes of values in all than there is room for."""
    directory: dict[int, Entry] = {}
    for row in rows:
        if row[0] in directory:
            continue
        entry = _read_entry(file, layout, row, depth, room)
        if entry is not None:
            directory[row[0]] = entry
            room -= entry.bytes_held
    return directory


def _read_entry(file: BinaryFile, layout: Layout, row: Row, depth: int, room: int) -> Entry | None:
    tag, kind, count, field = row
    if kind not in _SIZES or count == 0:
        return None
    if tag in SUBDIRECTORIES:
        inner = _read_inner(file, layout, field, depth + 1, room)
        return None if inner is None else Entry(LONG, b"", inner)
    length = count * _SIZES[kind]
    is_inside = length <= len(field)
    data = field[:length] if is_inside else read_at(file, layout.offset.unpack(field)[0], min(length, room))
    if len(data) < length:  # cut short, or more than there is room for
        return None
    return Entry(kind, _swapped(data, kind) if layout.byte_order == ">" else data)


def _read_inner(file: BinaryFile, layout: Layout, field: bytes, depth: int, room: int) -> Directory | None:
    """The directory that a tag points to, unless that lies too deep or is none."""
    if depth > _DEEPEST:
        return None
    try:
        rows, _ = _read_rows(file, layout, layout.offset.unpack(field)[0])
    except ValueError:
        return None
    return _read_entries(file, layout, rows, depth, room)


def read_at(file: BinaryFile, offset: int, length: int) -> bytes:
    """Up to so many bytes from a place in a file; never more than the file has."""
    size = file.seek(0, io.SEEK_END)
    if offset >= size:
        return b""
    file.seek(offset)
    return file.read(min(length, size - offset))


def _swapped(data: bytes, kind: int) -> bytes:
    word = _WORDS[kind]
    return data if word == 1 else np.frombuffer(data, f"<u{word}").byteswap().tobytes()


def directory_bytes(directory: Directory, start: int, byte_order: str, next_offset: int = 0) -> bytes:
    """A directory as it stands in a file from byte `start` (even) on: tags, values, inner directories."""
    rows, values = [struct.pack(byte_order + "H", len(directory))], []
    values_at = start + 2 + 12 * len(directory) + 4
    for tag in sorted(directory):
        entry = directory[tag]
        if entry.directory is not None:
            data = directory_bytes(entry.directory, values_at, byte_order)
        else:
            data = entry.data if byte_order == "<" else _swapped(entry.data, entry.type)
        rows.append(struct.pack(byte_order + "HHI", tag, entry.type, entry.count))
        if entry.directory is None and len(data) <= 4:
            rows.append(data.ljust(4, b"\0"))
        else:
            rows.append(struct.pack(byte_order + "I", values_at))
            values += [data, bytes(len(data) % 2)]
            values_at += len(data) + len(data) % 2
    return b"".join([*rows, struct.pack(byte_order + "I", next_offset), *values])
