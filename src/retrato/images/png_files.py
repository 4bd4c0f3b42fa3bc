"""What a PNG has beside its pixels, and the writing of PNGs with 16 bits.

Portable Network Graphics Specification, third edition (W3C, 2025).
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from jaxtyping import UInt8, UInt16

from retrato.images.photo import PngTraits
from retrato.images.tags import BinaryFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"

_KEPT = frozenset({b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"oFFs", b"pCAL", b"sCAL", b"sTER", b"tIME"})
"""Chunks that stay true for a picture of other pixels, beside those whose name says that they do."""
_HELD_ELSEWHERE = frozenset({b"eXIf", b"iCCP"})
_RAW_EXIF = (b"Raw profile type exif\0", b"Raw profile type APP1\0")
"""Texts in which older programs write EXIF; it is written as EXIF."""
_BAND_BYTES = 4_000_000
_SUB, _UP = 1, 2
_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's number for grey, grey with alpha, RGB and RGBA, by channels."""


@dataclass(frozen=True)
class PngMetadata:
    """What goes into the chunks of a PNG."""

    exif: bytes | None = None
    """Without its prefix."""
    xmp: bytes | None = None
    icc_profile: bytes | None = None
    dots_per_inch: tuple[float, float] | None = None
    comments: tuple[str, ...] = ()
    kept: tuple[tuple[bytes, bytes], ...] | None = None
    """Chunks of the input, with its comments and dots per inch, where it was a PNG."""


def read_png(file: BinaryFile) -> PngTraits:
    """The chunks that are to be written again."""
    kept = []
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        is_kept = kind in _KEPT or (_may_be_copied(kind) and kind not in _HELD_ELSEWHERE)
        if is_kept:
            content = file.read(length)
            if not _is_held_elsewhere(kind, content):
                kept.append((kind, content))
            file.seek(4, io.SEEK_CUR)
        else:
            file.seek(length + 4, io.SEEK_CUR)
    return PngTraits(tuple(kept))


def _may_be_copied(kind: bytes) -> bool:
    """Whether its letters say that programs can do without it, and may copy it if they do not know it."""
    return kind.isalpha() and kind[:1].islower() and kind[3:].islower()


def _is_held_elsewhere(kind: bytes, content: bytes) -> bool:
    return (kind == b"iTXt" and content.startswith(XMP_KEYWORD)) or (
        kind in {b"tEXt", b"zTXt", b"iTXt"} and content.startswith((*_RAW_EXIF, b"Raw profile type xmp\0"))
    )


def with_chunks(data: bytes, metadata: PngMetadata) -> bytes:
    """A PNG with more chunks, right behind its header."""
    header_end = len(SIGNATURE) + 12 + 13
    added = b"".join(chunk(kind, content) for kind, content in _chunks(metadata))
    return b"".join([data[:header_end], added, data[header_end:]])


def _chunks(metadata: PngMetadata) -> list[tuple[bytes, bytes]]:
    chunks = []
    if metadata.icc_profile is not None:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc_profile)))
    if metadata.exif is not None:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        chunks.append((b"iTXt", XMP_KEYWORD + b"\0\0\0\0" + metadata.xmp))
    if metadata.kept is not None:
        return chunks + list(metadata.kept)
    if metadata.dots_per_inch is not None:
        across, down = (round(dots / 0.0254) for dots in metadata.dots_per_inch)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    return chunks + [(b"iTXt", b"Comment\0\0\0\0\0" + comment.encode()) for comment in metadata.comments]


def chunk(kind: bytes, content: bytes) -> bytes:
    """With its length before it and its checksum behind it."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def encode_png(layers: Sequence[np.ndarray]) -> bytes:
    """The PNG of layers of one depth, 8 or 16 bits: (H, W) or (H, W, 3) colours, and (H, W) alpha if any."""
    if layers[0].dtype == np.uint8:
        file = io.BytesIO()
        PIL.Image.fromarray(np.dstack(layers) if len(layers) > 1 else layers[0]).save(file, "PNG")
        return file.getvalue()
    height, width = layers[0].shape[:2]
    channels = sum(1 if layer.ndim == 2 else layer.shape[2] for layer in layers)
    header = struct.pack(">IIBBBBB", width, height, 16, _KINDS[channels], 0, 0, 0)
    return b"".join([SIGNATURE, chunk(b"IHDR", header), *_pixel_chunks(layers, channels), chunk(b"IEND", b"")])


def _pixel_chunks(layers: Sequence[UInt16[np.ndarray, "h w ..."]], channels: int) -> Iterator[bytes]:
    height, width = layers[0].shape[:2]
    compressor = zlib.compressobj(3)  # 6 takes half as long again and saves a 600th
    step = max(1, _BAND_BYTES // (width * channels * 2))
    above = np.zeros((1, width * channels * 2), np.uint8)
    for top in range(0, height, step):
        band = np.dstack([layer[top : top + step] for layer in layers]).astype(">u2")
        rows = band.view(np.uint8).reshape(len(band), -1)
        compressed = compressor.compress(_filtered(rows, above, channels * 2).tobytes())
        if compressed:
            yield chunk(b"IDAT", compressed)
        above = rows[-1:]
    yield chunk(b"IDAT", compressor.flush())


def _filtered(
    rows: UInt8[np.ndarray, "rows bytes"], above: UInt8[np.ndarray, "1 bytes"], pixel_bytes: int
) -> UInt8[np.ndarray, "rows _"]:
    """Each row as its difference from what is left of it or above it, whichever is smaller (section 9).

    What both neighbours foretell together (Paeth) makes 16-bit scans, whose lower bits are noise, no smaller.
    """
    left = np.pad(rows, ((0, 0), (pixel_bytes, 0)))[:, :-pixel_bytes]
    up = np.concatenate([above, rows[:-1]])
    differences = {_SUB: rows - left, _UP: rows - up}
    sizes = [np.abs(each.view(np.int8)).view(np.uint8).sum(1, dtype=np.int64) for each in differences.values()]
    is_up = (sizes[1] < sizes[0])[:, None]
    chosen = np.where(is_up, differences[_UP], differences[_SUB])
    return np.concatenate([np.where(is_up, _UP, _SUB).astype(np.uint8), chosen], axis=1)
