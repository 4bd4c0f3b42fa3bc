"""What a JPEG has beside its pixels: read from its marker segments, and written into those that Pillow made."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import PIL.Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from retrato.images.metadata import PHOTOSHOP_START, iptc_of_photoshop, photoshop_with, without_thumbnails
from retrato.images.photo import JpegTraits

LONGEST_CONTENT = 65_533
"""Bytes in a segment; what a Photo has more of does not fit, or is cut into several."""

XMP_START = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP_START = b"http://ns.adobe.com/xmp/extension/\0"
_PROFILE_START = b"ICC_PROFILE\0"
_JFIF, _APP1, _APP2, _PHOTOSHOP, _COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_SIGNATURE = 0xEB
_SCAN = 0xDA
_MOVING = (b"GCamera:MotionPhoto", b"GCamera:MicroVideo", b"Camera:MotionPhoto")

_GOOD_QUALITY = 90
"""Of files that were saved at least as well as this, the compression is kept."""

_WRITTEN_ANEW = {
    _JFIF: (b"",),  # with its thumbnail, and the thumbnails in JFXX
    _APP1: (b"Exif\0", XMP_START),
    _APP2: (_PROFILE_START, b"MPF\0", b"urn:iso:std:iso:ts:21496"),  # the last two point at pictures behind this one
    _SIGNATURE: (b"JP",),  # signed by the camera or program for the picture as it was
    0xEE: (b"Adobe",),  # says how the colours are compressed
}
"""Beginnings of segments that are not taken over as they are, by marker."""


@dataclass
class JpegContents:
    """What the marker segments before the first scan say."""

    traits: JpegTraits = field(default_factory=JpegTraits)
    xmp: bytes | None = None
    iptc: bytes | None = None
    comments: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_jpeg(data: bytes, picture: JpegImageFile) -> JpegContents:
    """What stands in a JPEG beside the pixels, EXIF and colour profile, which Pillow reads."""
    contents = JpegContents()
    kept, comments = list[bytes](), list[str]()
    remarks: dict[str, None] = {}  # each once, in order
    parts: list[bytes] = []  # of Photoshop's resources, which it cuts wherever a segment is full
    for marker, content in segments(data):
        if marker == _APP1 and content.startswith(XMP_START):
            contents.xmp = content.removeprefix(XMP_START)
            if any(name in content for name in _MOVING):
                remarks["the film behind it (a motion photo) is left out"] = None
        elif marker == _PHOTOSHOP and content.startswith(PHOTOSHOP_START):
            parts.append(content.removeprefix(PHOTOSHOP_START))
        elif marker == _COMMENT or (
            marker in range(0xE0, 0xF0) and not content.startswith(_WRITTEN_ANEW.get(marker, ()))
        ):
            kept.append(segment(marker, content))
        if marker == _SIGNATURE and content.startswith(b"JP"):
            remarks["its content credentials sign other pixels and are left out"] = None
        if marker == _COMMENT:
            comments.append(content.decode("utf-8", "replace").rstrip("\0"))
    contents.comments, contents.remarks = tuple(comments), tuple(remarks)
    resources = b"".join(parts)
    contents.iptc = iptc_of_photoshop(resources)
    kept += _photoshop_segments(without_thumbnails(resources))
    contents.traits = JpegTraits(
        tables=_tables(picture),
        subsampling=max(get_sampling(picture), 0),
        progressive=bool(picture.info.get("progressive")),
        keeps_rgb=picture.mode == "RGB" and picture.info.get("adobe_transform") == 0,
        segments=tuple(kept),
    )
    return contents


def _tables(picture: JpegImageFile) -> tuple[tuple[int, ...], ...]:
    """The quantisation of each component."""
    chosen = [component[3] for component in picture.layer]
    return tuple(tuple(picture.quantization[table]) for table in chosen if table in picture.quantization)


def compression_options(traits: JpegTraits | None) -> dict[str, object]:
    """How Pillow is to compress a JPEG: as its input was, unless that was bad.

    What is compressed badly has its faces restored from that; compressing them as badly again would undo it. Colour is
    kept at full resolution then: halving it would blur lips and eyes.
    """
    if traits is None:
        return {"quality": 95, "subsampling": 0}
    options: dict[str, object] = {"progressive": True} if traits.progressive else {}
    options |= {"keep_rgb": True} if traits.keeps_rgb else {}
    if not traits.tables or sum(traits.tables[0]) > sum(_good_table()):
        return options | {"quality": 95, "subsampling": 0}
    return options | {"qtables": _for_pillow(traits.tables), "subsampling": traits.subsampling}


def _for_pillow(tables: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    """The first for brightness or all inks, the second for both colours, as Pillow shares them out."""
    shared = tables[:2] if len(tables) == 3 and tables[1] == tables[2] else tables[:3]
    shared = tables[:1] if len(tables) == 4 else shared
    return [list(table) for table in shared]


@cache
def _good_table() -> tuple[int, ...]:
    file = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "JPEG", quality=_GOOD_QUALITY)
    with PIL.Image.open(file) as picture:
        assert isinstance(picture, JpegImageFile)
        return _tables(picture)[0]


@dataclass(frozen=True)
class JpegMetadata:
    """What goes into the marker segments of a JPEG."""

    exif: bytes | None = None
    xmp: bytes | None = None
    icc_profile: bytes | None = None
    iptc: bytes | None = None
    comments: tuple[str, ...] = ()
    kept: tuple[bytes, ...] | None = None
    """Segments of the input, with its comments and IPTC, where it was a JPEG."""


def with_metadata(data: bytes, metadata: JpegMetadata) -> bytes:
    """A JPEG as Pillow makes it, with more segments."""
    start = 2
    while data[start + 1] in {_JFIF, 0xEE}:  # these come first
        start += 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    added = [segment(_APP1, metadata.exif)] if metadata.exif else []
    added += [segment(_APP1, XMP_START + metadata.xmp)] if metadata.xmp else []
    added += _profile_segments(metadata.icc_profile) if metadata.icc_profile else []
    if metadata.kept is not None:
        added += metadata.kept
    else:
        added += _photoshop_segments(photoshop_with(metadata.iptc)) if metadata.iptc else []
        added += [segment(_COMMENT, comment.encode()[:LONGEST_CONTENT]) for comment in metadata.comments]
    return b"".join([data[:start], *added, data[start:]])


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment before the first scan."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != _SCAN:
        if data[position + 1] == 0xFF:  # padding
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        yield data[position + 1], data[position + 4 : position + 2 + length]
        position += 2 + max(length, 2)


def segment(marker: int, content: bytes) -> bytes:
    """A marker with its content, at most `LONGEST_CONTENT` bytes."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def _photoshop_segments(resources: bytes) -> list[bytes]:
    size = LONGEST_CONTENT - len(PHOTOSHOP_START)
    parts = [resources[start : start + size] for start in range(0, len(resources), size)]
    return [segment(_PHOTOSHOP, PHOTOSHOP_START + part) for part in parts]


def _profile_segments(icc_profile: bytes) -> list[bytes]:
    """The profile in parts, numbered from 1."""
    size = LONGEST_CONTENT - len(_PROFILE_START) - 2
    parts = [icc_profile[start : start + size] for start in range(0, len(icc_profile), size)]
    return [
        segment(_APP2, _PROFILE_START + bytes([number, len(parts)]) + part)
        for number, part in enumerate(parts, start=1)
    ]
