"""From an encoded picture to a `Photo`: upright, whole, with all that its file says, or a clear error."""

import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import PIL.Image
from PIL.ExifTags import Base
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from retrato.errors import UnreadableImage
from retrato.images.checks import (
    READ_FORMATS,
    is_lossless,
    kind_by_start,
    require_enough_bytes,
    require_reasonable,
    require_whole,
    strange_kind,
)
from retrato.images.colours import UnusableProfile, to_srgb
from retrato.images.exif import checked_exif, exif_of_tags, upright
from retrato.images.heif import can_read_heif
from retrato.images.jpeg_files import read_jpeg
from retrato.images.metadata import iptc_of_photoshop, upright_xmp, without_thumbnails
from retrato.images.photo import Photo, WebpTraits
from retrato.images.pixels import read_pixels
from retrato.images.png_files import read_png
from retrato.images.tags import BinaryFile
from retrato.images.tiff_files import IPTC, MOST_PAGES, XMP, CopiedPage, copy_page, pages_of_pictures, read_tiff

logger = logging.getLogger(__name__)

PIXEL_LIMIT = 178_956_970
"""Half a gigabyte of RGB. An A4 page scanned at 1200 dots per inch has 139 million pixels; what claims much more is
probably a small file made to fill the memory. Pillow refuses at the same size, so a larger `pixel_limit` needs a larger
`PIL.Image.MAX_IMAGE_PIXELS` too."""

_ANIMATED = frozenset({"PNG", "WEBP", "AVIF", "HEIF"})
"""Formats in which several frames are one thing; an MPO's are several, and a TIFF's are pages."""
_NO_COMMENTS = ("Raw profile type", "XML:com.adobe.xmp")
_PHOTOSHOP_LAYERS = 37724
_WEBP_START = 64 * 1024
"""Bytes in which its pixels begin, unless its colour profile is a very long one."""
_MOST_DOTS_PER_INCH = 100_000
_JFIF_RESOLUTIONS = frozenset({1, 2})
"""Units of a JPEG's density: per inch, per centimetre; all else is a proportion."""

_PILLOW_ERRORS = (
    OSError,  # truncated or unidentified files, codecs that give up
    SyntaxError,  # a header that is not of its format
    ValueError,  # values out of range, oversized text chunks, Unicode
    EOFError,  # frames that are not there
    struct.error,  # fields cut short
    zlib.error,  # broken compression of a chunk
    ArithmeticError,  # sizes that overflow, fractions over zero
    LookupError,  # modes, tags and offsets that do not exist
    TypeError,  # tags of another type than Pillow expects
    AttributeError,  # the same
    AssertionError,  # Pillow's own checks
    RuntimeError,  # nesting without end, codecs that are not there
    PIL.Image.DecompressionBombError,
    UnusableProfile,
)
"""Everything that Pillow's decoders raise on files that are not what they claim; fuzzing finds all of it."""


def decode_photo(file: BinaryFile, *, page: int | None = None, pixel_limit: int = PIXEL_LIMIT) -> Photo:
    """The photo in an open file, recognised by its content, with all that the file says of it.

    Turned upright by its EXIF orientation. Pixels of 1 and 32 bits become 8-bit grey; of an MPO (a JPEG with more
    pictures behind it, as phones write) this is the photo. Whatever is not kept stands in its remarks.

    Args:
        file: seekable, read from its beginning; stays open.
        page: of a TIFF with several, as `picture_pages` counts them.
        pixel_limit: the most pixels to accept, checked before any are decoded.

    Raises:
        UnreadableImage: not a picture, damaged, cut short, too large, or several pictures in one.
        OSError: the file itself could not be read.
    """
    with _errors_in_words(file), _without_warnings():
        require_reasonable(file)
        source = _Source(file, _only_page(file) if page is None else page)
        with source.open() as picture:
            frames = getattr(picture, "n_frames", 1) if picture.format in _ANIMATED else 1
            if frames > 1:
                raise UnreadableImage(_several_pictures(f"{frames} frames"))
            if picture.width * picture.height > pixel_limit:
                found = f"{picture.width} x {picture.height} pixels, the limit is {pixel_limit:,}"
                raise UnreadableImage(_too_large(found))
            kind = "JPEG" if picture.format == "MPO" else picture.format
            require_enough_bytes(kind, picture.width * picture.height, file)
            require_whole(kind, file)
        with source.open() as picture:
            return _photo(source, picture)


def picture_pages(file: BinaryFile) -> tuple[int, ...]:
    """The pages of a TIFF that are no thumbnails; (0,) of all else.

    Raises:
        UnreadableImage: a damaged TIFF, or one that holds only a thumbnail.
        OSError: the file itself could not be read.
    """
    file.seek(0)
    if kind_by_start(file.read(16)) != "TIFF":
        return (0,)
    with _errors_in_words(file):
        pages = pages_of_pictures(file)
    if not pages:
        raise UnreadableImage("holds only a thumbnail, as raw files of cameras do; export it as JPEG or PNG")
    return tuple(pages)


def copied_page(file: BinaryFile, page: int) -> CopiedPage | None:
    """A page of a TIFF as it is, to be written into another; nothing where that cannot be done to the bit.

    Raises:
        UnreadableImage: a damaged TIFF.
        OSError: the file itself could not be read.
    """
    with _errors_in_words(file):
        return copy_page(file, page)


@contextmanager
def _errors_in_words(file: BinaryFile) -> Iterator[None]:
    """Whatever decoders raise, as what is wrong with the file and what to do."""
    try:
        yield
    except PIL.UnidentifiedImageError as error:
        raise UnreadableImage(strange_kind(file)) from error
    except PIL.Image.DecompressionBombError as error:
        raise UnreadableImage(_too_large(f"over {2 * (PIL.Image.MAX_IMAGE_PIXELS or 0):,} pixels")) from error
    except MemoryError as error:
        raise UnreadableImage(_too_large("more than this machine's memory holds")) from error
    except _PILLOW_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise UnreadableImage(f"damaged or cut short ({reason}); get a whole copy of the file") from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Pillow warns of odd metadata in files that it reads well, and says nothing that one could act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\b")
        yield


def _only_page(file: BinaryFile) -> int:
    """Passes over thumbnails, which may come before or after the picture itself."""
    pages = picture_pages(file)
    if len(pages) > 1:
        at_least = "at least " if len(pages) == MOST_PAGES else ""
        raise UnreadableImage(_several_pictures(f"{at_least}{len(pages)} pages"))
    return pages[0]


def _several_pictures(found: str) -> str:
    return f"contains {found}; export the one you want as a single picture"


def _too_large(found: str) -> str:
    return f"too large: {found}; make a smaller copy, or cut out the faces"


@dataclass(frozen=True)
class _Source:
    """An open file, and the page of it that is read."""

    file: BinaryFile
    page: int

    def open(self) -> ImageFile:
        self.file.seek(0)
        formats = (*READ_FORMATS, "HEIF") if can_read_heif() else READ_FORMATS
        picture = PIL.Image.open(self.file, formats=formats)
        if self.page > 0:
            picture.seek(self.page)
        return picture


def _photo(source: _Source, picture: ImageFile) -> Photo:
    pixels = read_pixels(picture, source.open)
    upright_pixels = pixels.turned(_orientation(picture))
    photo = Photo(
        image=to_srgb(upright_pixels.stored),
        alpha=upright_pixels.alpha,
        format="JPEG" if picture.format == "MPO" else str(picture.format),
        exif=_exif_block(picture),
        xmp=_xmp(picture),
        dots_per_inch=_dots_per_inch(picture),
        stored=upright_pixels.stored,
        remarks=pixels.remarks,
    )
    return _with_upright_metadata(_with_what_only_its_format_says(photo, source, picture))


def _orientation(picture: ImageFile) -> int:
    """After loading; Pillow itself turns a TIFF then, and forgets its orientation."""
    try:
        return int(picture.getexif().get(Base.Orientation, 1))
    except _PILLOW_ERRORS as error:
        logger.warning("leaving out EXIF data that cannot be read: %s", error)
        return 1


def _with_what_only_its_format_says(photo: Photo, source: _Source, picture: ImageFile) -> Photo:
    if isinstance(picture, JpegImageFile):
        return _with_segments(photo, source, picture)
    if isinstance(picture, PngImageFile):
        words = tuple(f"{key}: {text}" for key, text in picture.text.items() if not key.startswith(_NO_COMMENTS))
        return replace(photo, traits=read_png(source.file), comments=words)
    if isinstance(picture, TiffImageFile):
        return _with_tags(photo, source)
    if picture.format == "WEBP":
        source.file.seek(0)
        return replace(photo, traits=WebpTraits(is_lossless(source.file.read(_WEBP_START))))
    return photo


def _with_segments(photo: Photo, source: _Source, picture: JpegImageFile) -> Photo:
    source.file.seek(0)
    found = read_jpeg(source.file.read(), picture)
    others = getattr(picture, "n_frames", 1) - 1
    remarks = (f"the file holds {others} more behind it (it is an MPO), left out",) if others else ()
    return replace(
        photo,
        traits=found.traits,
        xmp=found.xmp,
        iptc=found.iptc,
        comments=found.comments,
        remarks=photo.remarks + remarks + found.remarks,
    )


def _with_tags(photo: Photo, source: _Source) -> Photo:
    tags, traits = read_tiff(source.file, source.page)
    photoshop = without_thumbnails(traits.photoshop or b"") or None
    return replace(
        photo,
        traits=replace(traits, photoshop=photoshop),
        iptc=tags[IPTC].data if IPTC in tags else iptc_of_photoshop(photoshop or b""),
        xmp=tags[XMP].data if XMP in tags else None,
        exif=exif_of_tags(tags),
        remarks=photo.remarks + (("its Photoshop layers are left out",) if _PHOTOSHOP_LAYERS in tags else ()),
    )


def _exif_block(picture: ImageFile) -> bytes | None:
    block = picture.info.get("exif")
    if isinstance(block, bytes) and block:
        return block
    words = picture.info.get("Raw profile type exif")  # as ImageMagick wrote it into PNG: three lines, then digits
    return bytes.fromhex("".join(words.split("\n")[3:])) if isinstance(words, str) else None


def _with_upright_metadata(photo: Photo) -> Photo:
    """With what says how to turn it brought up to date, as far as that can be read."""
    xmp = None if photo.xmp is None else upright_xmp(photo.xmp)
    if photo.exif is None:
        return replace(photo, xmp=xmp)
    try:
        return replace(photo, xmp=xmp, exif=upright(checked_exif(photo.exif)))
    except (ValueError, struct.error) as error:
        logger.warning("leaving out EXIF data that cannot be kept: %s", error)
        return replace(photo, xmp=xmp, exif=None, remarks=(*photo.remarks, "its EXIF is damaged and is left out"))


def _xmp(picture: ImageFile) -> bytes | None:
    packet = picture.info.get("xmp")
    return packet if isinstance(packet, bytes) and packet else None


def _dots_per_inch(picture: ImageFile) -> tuple[float, float] | None:
    try:
        found = () if _says_no_resolution(picture) else picture.info.get("dpi", ())
        across, down = (float(dots) for dots in found)
    except _PILLOW_ERRORS:
        return None
    is_a_size = all(math.isfinite(dots) and 1 < dots <= _MOST_DOTS_PER_INCH for dots in (across, down))
    return (across, down) if is_a_size else None


def _says_no_resolution(picture: ImageFile) -> bool:
    """Whether this is a JPEG of which Pillow says 72 dots per inch for want of any."""
    if not isinstance(picture, JpegImageFile) or picture.info.get("jfif_unit") in _JFIF_RESOLUTIONS:
        return False
    return Base.XResolution not in picture.getexif()
