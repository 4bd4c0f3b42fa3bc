"""From a `Photo` to an encoded picture that keeps all that its format can hold."""

import io
from pathlib import Path

import numpy as np
import PIL.Image
from PIL.ExifTags import Base

from retrato.errors import UnwritableOutput
from retrato.images.photo import Photo

FORMATS_BY_SUFFIX = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
"""Pillow's name of the format that each file name ending stands for; the first of a format is its usual one."""

IMAGE_SUFFIXES = frozenset(FORMATS_BY_SUFFIX)
"""File name endings of pictures, in small letters."""

_LONGEST_SIDES = {"JPEG": 65_535, "WEBP": 16_383}
_LONGEST_JPEG_EXIF = 65_533
_LONGEST_JPEG_PROFILE = 255 * 65_519
_HOLDING_ALPHA = frozenset({"PNG", "WEBP", "TIFF"})
_HOLDING_METADATA = frozenset({"JPEG", "PNG", "WEBP", "TIFF"})

_OPTIONS: dict[str, dict[str, object]] = {
    # Colour at full resolution (4:4:4): halving it would blur the lips and eyes that were just restored.
    "JPEG": {"quality": 95, "subsampling": 0},
    # Exact: the colours under transparent pixels stay.
    "WEBP": {"quality": 95, "exact": True},
}


def format_for(path: Path) -> str:
    """The file format that a name's ending stands for: 'JPEG' for photo.JPG.

    Raises:
        UnwritableOutput: the ending is unknown.
    """
    try:
        return FORMATS_BY_SUFFIX[path.suffix.lower()]
    except KeyError:
        found = f"ends in {path.suffix!r}" if path.suffix else "has no ending"
        raise UnwritableOutput(
            f"the name {path.name!r} {found}, which is no known picture format; use one of {_known()}"
        ) from None


def suffix_for(format: str) -> str:
    """The usual ending of names of files in a format, such as '.jpg' for 'JPEG'.

    Raises:
        UnwritableOutput: the format is unknown.
    """
    for suffix, known_format in FORMATS_BY_SUFFIX.items():
        if known_format == format:
            return suffix
    known_formats = ", ".join(dict.fromkeys(FORMATS_BY_SUFFIX.values()))
    raise UnwritableOutput(f"no picture format called {format!r}; known formats: {known_formats}")


def encode_photo(photo: Photo, format: str) -> bytes:
    """The content of a picture file.

    What the format cannot hold is left out: transparency in JPEG and BMP (the colours under it stay as they are, since
    any background to lay it on would be made up), EXIF and colour profile in BMP, and in JPEG most of an EXIF that is
    longer than 64 KB.

    Raises:
        UnwritableOutput: the format is unknown, or too small for the photo.
    """
    suffix_for(format)
    longest_side = _LONGEST_SIDES.get(format)
    if longest_side is not None and max(photo.width, photo.height) > longest_side:
        raise UnwritableOutput(
            f"{format} holds at most {longest_side} pixels a side, and this photo has {photo.width} x {photo.height}; "
            "write PNG or TIFF"
        )
    options = _OPTIONS.get(format, {}) | _metadata(photo, format)
    if format == "TIFF" and "exif" not in options:
        options |= {"compression": "tiff_adobe_deflate"}  # with it, Pillow cannot write most of what EXIF consists of
    file = io.BytesIO()
    _pillow_picture(photo, format).save(file, format, **options)
    return file.getvalue()


def _pillow_picture(photo: Photo, format: str) -> PIL.Image.Image:
    if photo.alpha is None or format not in _HOLDING_ALPHA:
        return PIL.Image.fromarray(photo.image)
    return PIL.Image.fromarray(np.dstack([photo.image, photo.alpha]))


def _metadata(photo: Photo, format: str) -> dict[str, object]:
    if format not in _HOLDING_METADATA:
        return {}
    metadata: dict[str, object] = {}
    if photo.exif is not None:
        is_too_long = format == "JPEG" and len(photo.exif) > _LONGEST_JPEG_EXIF
        metadata["exif"] = _shortened(photo.exif) if is_too_long else photo.exif
    if photo.icc_profile is not None and (format != "JPEG" or len(photo.icc_profile) <= _LONGEST_JPEG_PROFILE):
        metadata["icc_profile"] = photo.icc_profile
    return metadata


def _shortened(exif: bytes) -> bytes:
    """What no photo should go without: what was done to it, and whose it is."""
    whole, short = PIL.Image.Exif(), PIL.Image.Exif()
    whole.load(exif)
    for tag in (Base.ProcessingSoftware, Base.Artist, Base.Copyright, Base.DateTime):
        if len(str(whole.get(tag, ""))) in range(1, 1000):
            short[tag] = whole[tag]
    return short.tobytes()


def _known() -> str:
    return ", ".join(FORMATS_BY_SUFFIX)
