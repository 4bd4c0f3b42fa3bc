"""Pictures of every kind that retrato reads, and ways in which files are damaged, all drawn from a seed."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import PIL.Image
import skimage.data
import tifffile
from PIL import ImageCms
from PIL.ExifTags import IFD, Base

from retrato.images.checks import kind_by_start
from retrato.images.decoding import decode_photo
from retrato.images.encoding import encode_photo
from retrato.images.heif import can_read_heif
from retrato.images.png_files import SIGNATURE, chunk

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
EXTREMES = (0, 1, 2, 7, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True)
class PictureFile:
    """The bytes of a picture file, and what it is."""

    format: str
    kind: str
    data: bytes


def whole_files() -> list[PictureFile]:
    """A portrait of 160 x 144 pixels in every format and kind, with all the metadata that each can hold."""
    portrait = PIL.Image.fromarray(skimage.data.astronaut()[0:144, 140:300])  # NASA, public domain
    deep = np.asarray(portrait).astype(np.uint16) * 257 + 3
    return [*_jpegs(portrait), *_pngs(portrait, deep), *_tiffs(portrait, deep), *_others(portrait)]


def _turned(portrait: PIL.Image.Image) -> PIL.Image.Image:
    """As a file stores it whose EXIF says how to turn it."""
    return portrait.transpose(PIL.Image.Transpose.ROTATE_90)


def _exif() -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[Base.Make], exif[Base.Orientation], exif[Base.XResolution] = "Leica", 6, 300.5
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "1934:05:06 07:08:09"
    exif.get_ifd(IFD.Exif)[Base.MakerNote] = bytes(range(200))
    exif.get_ifd(IFD.GPSInfo)[2] = (52.0, 31.0, 12.5)
    return exif


def _saved(picture: PIL.Image.Image, format: str, kind: str, **options: object) -> PictureFile:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return PictureFile("JPEG" if format == "MPO" else format, kind, file.getvalue())


def _jpegs(portrait: PIL.Image.Image) -> list[PictureFile]:
    metadata: dict[str, object] = {"exif": _exif(), "xmp": XMP, "icc_profile": PROFILE, "comment": b"Grandmother"}
    return [
        _saved(_turned(portrait), "JPEG", "EXIF, XMP, profile", quality=92, dpi=(300, 300), **metadata),
        _saved(_turned(portrait), "JPEG", "progressive", progressive=True, exif=_exif()),
        _saved(portrait, "JPEG", "restart markers", restart_marker_rows=1, quality=50),
        _saved(portrait.convert("CMYK"), "JPEG", "CMYK"),
        _saved(portrait.convert("L"), "JPEG", "grey"),
        _saved(portrait, "MPO", "several (MPO)", save_all=True, append_images=[portrait.resize((40, 36))]),
    ]


def _pngs(portrait: PIL.Image.Image, deep: np.ndarray) -> list[PictureFile]:
    transparent = portrait.convert("RGBA")
    transparent.putalpha(PIL.Image.linear_gradient("L").resize(portrait.size))
    plain = _saved(_turned(portrait), "PNG", "", exif=_exif(), icc_profile=PROFILE, dpi=(300, 300)).data
    texts = chunk(b"tEXt", b"Comment\0Grandmother") + chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"Ada " * 100))
    texts += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", portrait.width, portrait.height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return [
        PictureFile("PNG", "EXIF, XMP, profile, texts", plain[:33] + texts + plain[33:]),
        _saved(transparent, "PNG", "transparent"),
        _saved(portrait.quantize(64), "PNG", "palette", transparency=3),
        _saved(portrait.convert("1"), "PNG", "1 bit"),
        PictureFile("PNG", "16-bit RGB", SIGNATURE + b"".join(chunk(*each) for each in chunks)),
        _saved(PIL.Image.fromarray(deep[..., 0]), "PNG", "16-bit grey"),
    ]


def _tiffs(portrait: PIL.Image.Image, deep: np.ndarray) -> list[PictureFile]:
    tags = {"exif": _exif(), "icc_profile": PROFILE}
    pages = {"save_all": True, "append_images": [portrait.rotate(90), portrait.convert("L")]}
    return [
        _saved(_turned(portrait), "TIFF", "uncompressed, EXIF, profile", **tags),
        _saved(portrait, "TIFF", "LZW", compression="tiff_lzw"),
        _saved(portrait, "TIFF", "JPEG inside", compression="jpeg"),
        _saved(portrait, "TIFF", "PackBits", compression="packbits"),
        _saved(portrait.convert("1"), "TIFF", "fax", compression="group4"),
        _saved(portrait.convert("CMYK"), "TIFF", "CMYK", compression="tiff_deflate"),
        _saved(portrait, "TIFF", "3 pages", compression="tiff_lzw", **pages),
        _tiff(deep, "16 bits, big-endian", byteorder=">", photometric="rgb", compression="zlib", predictor=True),
        _tiff(deep, "16 bits, tiles", photometric="rgb", tile=(64, 64)),
        _tiff(np.asarray(portrait), "BigTIFF", bigtiff=True, photometric="rgb", compression="zlib"),
        _tiff(np.asarray(portrait.convert("L"), np.float32), "32-bit grey"),
    ]


def _tiff(
    values: np.ndarray, kind: str, *, byteorder: str = "<", bigtiff: bool = False, **options: object
) -> PictureFile:
    file = io.BytesIO()
    tifffile.imwrite(file, values, byteorder=byteorder, bigtiff=bigtiff, **options)
    return PictureFile("TIFF", kind, file.getvalue())


def _others(portrait: PIL.Image.Image) -> list[PictureFile]:
    metadata: dict[str, object] = {"exif": _exif(), "xmp": XMP, "icc_profile": PROFILE}
    transparent = portrait.convert("RGBA")
    transparent.putalpha(PIL.Image.linear_gradient("L").resize(portrait.size))
    files = [
        _saved(_turned(portrait), "WEBP", "EXIF, XMP, profile", **metadata),
        _saved(transparent, "WEBP", "lossless, transparent", lossless=True),
        _saved(portrait, "BMP", "24 bits"),
        _saved(portrait.quantize(64), "BMP", "palette"),
        _saved(portrait.convert("1"), "BMP", "1 bit"),
        _saved(_turned(portrait), "AVIF", "EXIF, XMP, profile", speed=9, **metadata),
        _saved(transparent, "AVIF", "transparent", speed=9),
    ]
    if can_read_heif():
        whole = decode_photo(io.BytesIO(files[0].data))
        files.append(PictureFile("HEIF", "EXIF, XMP, profile", encode_photo(whole, "HEIF")))
        files.append(_saved(transparent, "HEIF", "transparent"))
    return files


Damage = Callable[[bytes, random.Random], bytes]


def bits_flipped(data: bytes, rng: random.Random) -> bytes:
    """One to sixteen of them."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def bits_flipped_early(data: bytes, rng: random.Random) -> bytes:
    """In the first kilobyte, where the structure is."""
    return bits_flipped(data[:1024], rng) + data[1024:]


def run_replaced(data: bytes, rng: random.Random) -> bytes:
    """Some bytes in a row become zeros, ones or noise."""
    start, length = rng.randrange(len(data)), rng.choice((1, 2, 4, 16, 64, 512))
    run = rng.choice((bytes(length), b"\xff" * length, rng.randbytes(length)))
    return data[:start] + run + data[start + length :]


def cut_short(data: bytes, rng: random.Random) -> bytes:
    """The end is missing."""
    return data[
        : rng.choice((rng.randrange(min(64, len(data))), rng.randrange(len(data)), len(data) - 1 - rng.randrange(32)))
    ]


def end_zeroed(data: bytes, rng: random.Random) -> bytes:
    """As long as before, but zeros from some place on, as broken downloads and disks leave it."""
    kept = rng.randrange(len(data))
    return data[:kept] + bytes(len(data) - kept)


def run_inserted(data: bytes, rng: random.Random) -> bytes:
    """All behind it moves."""
    start = rng.randrange(len(data))
    return data[:start] + rng.randbytes(rng.choice((1, 2, 3, 8, 100))) + data[start:]


def run_removed(data: bytes, rng: random.Random) -> bytes:
    """All behind it moves the other way."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 2, 3, 8, 100)) :]


def number_made_extreme(data: bytes, rng: random.Random) -> bytes:
    """One of the structure's numbers, such as a size, a count or an offset, becomes 0, -1 or huge."""
    kind = rng.choice([each for each in ("<H", ">H", "<I", ">I", "<Q", ">Q") if struct.calcsize(each) <= len(data)])
    place = rng.randrange(min(len(data) - struct.calcsize(kind) + 1, 2048))
    value = rng.choice(EXTREMES) & (256 ** struct.calcsize(kind) - 1)
    damaged = bytearray(data)
    struct.pack_into(kind, damaged, place, value)
    return bytes(damaged)


def parts_shuffled(data: bytes, rng: random.Random) -> bytes:
    """A chunk, segment, box or directory entry is removed, doubled or moved."""
    parts = _parts(data)
    if len(parts) < 3:
        return run_removed(data, rng)
    place = rng.randrange(1, len(parts))
    match rng.randrange(3):
        case 0:
            del parts[place]
        case 1:
            parts.insert(place, parts[place])
        case _:
            parts.insert(rng.randrange(1, len(parts)), parts.pop(place))
    return b"".join(parts)


def part_damaged(data: bytes, rng: random.Random) -> bytes:
    """Inside a chunk, segment or box, whose length and checksum fit again."""
    parts = _parts(data)
    if len(parts) < 3:
        return number_made_extreme(data, rng)
    place = rng.randrange(1, len(parts))
    part = parts[place]
    if len(part) >= 14:
        inner = rng.choice((bits_flipped, run_replaced, number_made_extreme))(part[8:-4], rng)[: len(part) - 12]
        part = part[:8] + inner.ljust(len(part) - 12, b"\0") + part[-4:]
    if data.startswith(SIGNATURE) and len(part) >= 12:
        part = part[:-4] + struct.pack(">I", zlib.crc32(part[4:-4]))
    parts[place] = part
    return b"".join(parts)


def spliced(data: bytes, rng: random.Random) -> bytes:
    """Goes on with another place of itself, as a disk with crossed clusters has it."""
    return data[: rng.randrange(16, len(data))] + data[rng.randrange(len(data)) :]


DAMAGES: dict[str, Damage] = {
    "bits flipped": bits_flipped,
    "bits flipped in the first KB": bits_flipped_early,
    "bytes in a row replaced": run_replaced,
    "cut short": cut_short,
    "end overwritten with zeros": end_zeroed,
    "bytes inserted": run_inserted,
    "bytes removed": run_removed,
    "a number made 0, -1 or huge": number_made_extreme,
    "chunks removed, doubled, moved": parts_shuffled,
    "inside a chunk, its checksum right": part_damaged,
    "goes on with another place": spliced,
}


def _parts(data: bytes) -> list[bytes]:
    """What comes before the first chunk, segment or box, then each of them, then the rest."""
    match kind_by_start(data[:16]):
        case "PNG":
            return _cut(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))
        case "JPEG":
            return _cut(data, 2, lambda at: _segment_length(data, at))
        case "WEBP":
            return _cut(data, 12, lambda at: 8 + (int.from_bytes(data[at + 4 : at + 8], "little") + 1) // 2 * 2)
        case "AVIF" | "HEIF":
            return _inside_boxes(data)
        case "TIFF":
            return _directory_parts(data)
        case _:
            return [data]


def _cut(data: bytes, start: int, length_at: Callable[[int], int]) -> list[bytes]:
    parts = [data[:start]]
    while start + 8 <= len(data) and (length := length_at(start)) > 0:
        parts.append(data[start : start + length])
        start += length
    return [*parts, data[start:]]


def _segment_length(data: bytes, at: int) -> int:
    is_segment = data[at] == 0xFF and data[at + 1] != 0xDA
    return 2 + int.from_bytes(data[at + 2 : at + 4], "big") if is_segment else 0


def _inside_boxes(data: bytes) -> list[bytes]:
    """The boxes, with those inside the one that describes the picture by themselves."""

    def length_at(at: int) -> int:
        return 12 if data[at + 4 : at + 8] == b"meta" else int.from_bytes(data[at : at + 4], "big")

    return _cut(data, 0, length_at)


def _directory_parts(data: bytes) -> list[bytes]:
    """The entries of the first directory of a TIFF; the file around them is the first and the last part."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", data, 2)[0] == 43
    start = struct.unpack_from(order + ("Q" if is_big else "I"), data, 8 if is_big else 4)[0]
    count = struct.unpack_from(order + ("Q" if is_big else "H"), data, start)[0]
    size, first = (20, start + 8) if is_big else (12, start + 2)
    entries = [data[first + size * index : first + size * (index + 1)] for index in range(count)]
    return [data[:first], *entries, data[first + size * count :]]
