"""From a `Photo` to an encoded picture that keeps all that its format can hold."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import PIL.Image

from retrato.errors import MissingPackage, UnwritableOutput
from retrato.images.colours import UnusableProfile, upper_bits, with_image
from retrato.images.exif import PREFIX, read_tags, shortened, with_size
from retrato.images.heif import can_read_heif
from retrato.images.jpeg_files import LONGEST_CONTENT, XMP_START, JpegMetadata, compression_options, with_metadata
from retrato.images.metadata import xmp_with_size
from retrato.images.photo import Colours, JpegTraits, Photo, PngTraits, StoredPixels, TiffTraits, WebpTraits
from retrato.images.png_files import PngMetadata, encode_png, with_chunks
from retrato.images.tiff_files import TiffPage, metadata_tags, resolution_tags, write_tiff

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
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""Pillow's name of the format that each file name ending stands for; the first of a format is its usual one."""

IMAGE_SUFFIXES = frozenset(FORMATS_BY_SUFFIX)
"""File name endings of pictures, in small letters."""

_LONGEST_SIDES = {"JPEG": 65_535, "WEBP": 16_383}
_LONGEST_JPEG_PROFILE = 255 * 65_519
_X_RESOLUTION = 282


@dataclass(frozen=True)
class _Holds:
    """What a format can hold."""

    colours: frozenset[Colours]
    bits: int = 8
    alpha: bool = True
    metadata: bool = True
    """EXIF, XMP and colour profiles."""
    iptc: bool = False
    comments: bool = False
    dots_per_inch: bool = True
    """Elsewhere than in EXIF."""


_HOLDS = {
    "JPEG": _Holds(frozenset({Colours.GREY, Colours.RGB, Colours.CMYK}), alpha=False, iptc=True, comments=True),
    "PNG": _Holds(frozenset({Colours.GREY, Colours.RGB}), bits=16, comments=True),
    "WEBP": _Holds(frozenset({Colours.RGB}), dots_per_inch=False),
    "TIFF": _Holds(frozenset(Colours), bits=16, iptc=True),
    "BMP": _Holds(frozenset({Colours.GREY, Colours.RGB}), alpha=False, metadata=False),
    "AVIF": _Holds(frozenset({Colours.RGB}), dots_per_inch=False),
    "HEIF": _Holds(frozenset({Colours.RGB}), dots_per_inch=False),
}


@dataclass(frozen=True)
class Encoded:
    """The content of a picture file."""

    data: bytes
    left_out: tuple[str, ...]
    """What of the photo the file does not hold, in words for the person whose photo it is."""


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
    """The content of a picture file; see `encode`."""
    return encode(photo, format).data


def encode(photo: Photo, format: str) -> Encoded:
    """The content of a picture file, with all of the photo that the format can hold.

    Pixels that were not changed are written as they were read: in their own colours, with their profile, in 16 bits
    where the format has them. Formats without loss give them back to the bit. Under a transparency that the format
    cannot hold, the colours stay as they are, since any background to lay them on would be made up.

    Raises:
        UnwritableOutput: the format is unknown, or too small for the photo.
        MissingPackage: HEIF, without the package for it.
    """
    suffix_for(format)
    longest_side = _LONGEST_SIDES.get(format)
    if longest_side is not None and max(photo.width, photo.height) > longest_side:
        raise UnwritableOutput(
            f"{format} holds at most {longest_side} pixels a side, and this photo has {photo.width} x {photo.height}; "
            "write PNG or TIFF"
        )
    photo, left_out = fitted(photo, format)
    match format:
        case "JPEG":
            data, more_left_out = _encode_jpeg(photo)
            return Encoded(data, left_out + more_left_out)
        case "PNG":
            data = _encode_png(photo)
        case "TIFF":
            file = io.BytesIO()
            write_tiff([tiff_page(photo)], file)
            data = file.getvalue()
        case _:
            data = _encode_with_pillow(photo, format)
    return Encoded(data, left_out)


def fitted(photo: Photo, format: str) -> tuple[Photo, tuple[str, ...]]:
    """The photo with pixels and metadata that the format can hold, and what it cannot, in words.

    Its stored pixels are the final ones; its metadata says its size.
    """
    holds = _HOLDS[format]
    left_out = []
    stored, words = _stored_pixels(photo, format)
    left_out += words
    alpha = None if photo.alpha is None else _with_bits(photo.alpha, stored.bits)
    if alpha is not None and not holds.alpha:
        left_out.append(f"{format} holds no transparency")
        alpha = None
    for name, value, fits in (
        ("EXIF", photo.exif, holds.metadata),
        ("XMP", photo.xmp, holds.metadata),
        ("IPTC", photo.iptc, holds.iptc),
        ("comments", photo.comments, holds.comments),
        ("dots per inch", photo.dots_per_inch, holds.dots_per_inch or _says_its_resolution(photo.exif)),
    ):
        left_out += [f"{format} holds no {name}"] if value and not fits else []
    exif = photo.exif if holds.metadata else None
    xmp = photo.xmp if holds.metadata else None
    return replace(
        photo,
        stored=stored,
        alpha=alpha,
        exif=None if exif is None else with_size(exif, photo.width, photo.height),
        xmp=None if xmp is None else xmp_with_size(xmp, photo.width, photo.height),
        iptc=photo.iptc if holds.iptc else None,
    ), tuple(left_out)


def _stored_pixels(photo: Photo, format: str) -> tuple[StoredPixels, list[str]]:
    """The pixels to write, and what is lost of them, in words."""
    holds = _HOLDS[format]
    shown = StoredPixels(photo.image, Colours.RGB)
    if photo.stored is None:
        return shown, []
    stored = photo.stored
    if stored.icc_profile is not None and not holds.metadata:
        return shown, [f"{format} holds no colour profile, so the colours are written as sRGB"]
    if stored.colours not in holds.colours:
        is_grey = stored.colours is Colours.GREY
        about_colours = f"{format} holds no {stored.colours}, so it is written as RGB" + ("" if is_grey else " (sRGB)")
        return shown, [about_colours, *_words_about_bits(stored.bits, 8, format)]
    try:
        changed = with_image(stored, photo.image)
    except UnusableProfile:
        return shown, ["the colour profile does not say how to write colours, so the photo is written as RGB (sRGB)"]
    words = _words_about_bits(stored.bits, holds.bits, format)
    if changed.colours is not stored.colours:
        words.append(f"it was {stored.colours} and has got colours, so it is written as {changed.colours}")
    return replace(changed, values=_with_bits(changed.values, min(changed.bits, holds.bits))), words


def _words_about_bits(found: int, held: int, format: str) -> list[str]:
    return [f"{format} holds {held} bits, so the lower {found - held} of {found} are lost"] if found > held else []


def _says_its_resolution(exif: bytes | None) -> bool:
    return exif is not None and _X_RESOLUTION in read_tags(exif)


def _with_bits(values: np.ndarray, bits: int) -> np.ndarray:
    if bits == 8:
        return upper_bits(values)
    return values if values.dtype == np.uint16 else values.astype(np.uint16) * 257


def _layers(photo: Photo) -> list[np.ndarray]:
    assert photo.stored is not None  # fitted
    return [photo.stored.values] if photo.alpha is None else [photo.stored.values, photo.alpha]


def _picture(photo: Photo) -> PIL.Image.Image:
    layers = _layers(photo)
    if photo.stored is not None and photo.stored.colours is Colours.CMYK:
        return PIL.Image.fromarray(layers[0], mode="CMYK")
    return PIL.Image.fromarray(layers[0] if len(layers) == 1 else np.dstack(layers))


def _encode_jpeg(photo: Photo) -> tuple[bytes, tuple[str, ...]]:
    assert photo.stored is not None  # fitted
    traits = photo.traits if isinstance(photo.traits, JpegTraits) else None
    left_out = []
    exif, xmp, icc_profile = photo.exif, photo.xmp, photo.stored.icc_profile
    if exif is not None and len(exif) > LONGEST_CONTENT:
        exif = shortened(exif, LONGEST_CONTENT)
        left_out.append("JPEG holds 64 KB of EXIF, so its longest values are left out")
    if xmp is not None and len(xmp) > LONGEST_CONTENT - len(XMP_START):
        xmp = None
        left_out.append("JPEG holds 64 KB of XMP, and this is longer")
    if icc_profile is not None and len(icc_profile) > _LONGEST_JPEG_PROFILE:
        icc_profile = None
        left_out.append("JPEG holds 16 MB of colour profile, and this is longer")
    file = io.BytesIO()
    _picture(photo).save(file, "JPEG", **compression_options(traits), **_dots(photo))
    kept = None if traits is None else traits.segments
    metadata = JpegMetadata(exif, xmp, icc_profile, photo.iptc, photo.comments, kept)
    return with_metadata(file.getvalue(), metadata), tuple(left_out)


def _encode_png(photo: Photo) -> bytes:
    assert photo.stored is not None  # fitted
    metadata = PngMetadata(
        exif=None if photo.exif is None else photo.exif.removeprefix(PREFIX),
        xmp=photo.xmp,
        icc_profile=photo.stored.icc_profile,
        dots_per_inch=photo.dots_per_inch,
        comments=photo.comments,
        kept=photo.traits.chunks if isinstance(photo.traits, PngTraits) else None,
    )
    return with_chunks(encode_png(_layers(photo)), metadata)


def tiff_page(photo: Photo) -> TiffPage:
    """A page of a TIFF, of a photo that is `fitted`."""
    assert photo.stored is not None
    traits = photo.traits if isinstance(photo.traits, TiffTraits) else TiffTraits()
    tags = {} if photo.exif is None else dict(read_tags(photo.exif))
    if photo.dots_per_inch is not None and _X_RESOLUTION not in tags:
        tags |= resolution_tags(photo.dots_per_inch)
    tags |= metadata_tags(photo.xmp, photo.iptc, traits.photoshop, photo.stored.icc_profile)
    return TiffPage(photo.stored, photo.alpha, tags, traits)


def _encode_with_pillow(photo: Photo, format: str) -> bytes:
    assert photo.stored is not None  # fitted
    if format == "HEIF" and not can_read_heif():
        raise MissingPackage("pillow-heif", "heif")
    metadata = {"exif": photo.exif, "xmp": photo.xmp, "icc_profile": photo.stored.icc_profile}
    options: dict[str, object] = {name: value for name, value in metadata.items() if value is not None}
    match format:
        case "WEBP":
            lossless = isinstance(photo.traits, WebpTraits) and photo.traits.is_lossless
            # Exact: the colours under transparent pixels stay.
            options |= {"lossless": lossless, "quality": 80 if lossless else 95, "exact": True}
        case "AVIF":
            options |= {"quality": 90, "subsampling": "4:4:4"}
        case "HEIF":
            options |= {"quality": 90}  # and colour at half resolution, as many telephones read no other
        case "BMP":
            options = _dots(photo)
    file = io.BytesIO()
    try:
        _picture(photo).save(file, format, **options)
    except (ValueError, RuntimeError) as error:
        raise UnwritableOutput(f"{format} cannot hold this photo ({error}); write PNG or TIFF") from error
    return file.getvalue()


def _dots(photo: Photo) -> dict[str, object]:
    return {} if photo.dots_per_inch is None else {"dpi": photo.dots_per_inch}


def _known() -> str:
    return ", ".join(FORMATS_BY_SUFFIX)
