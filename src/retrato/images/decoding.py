"""From an encoded picture to a `Photo`: upright, 8-bit RGB, whole, or a clear error."""

import codecs
import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL import ImageCms
from PIL.ExifTags import IFD, Base
from PIL.Image import Transpose
from PIL.TiffImagePlugin import TiffImageFile

from retrato.errors import UnreadableImage
from retrato.images.photo import Photo
from retrato.shapes import Image

logger = logging.getLogger(__name__)

BinaryFile = io.BufferedReader | io.BytesIO

PIXEL_LIMIT = 178_956_970
"""Half a gigabyte of RGB. An A4 page scanned at 1200 dots per inch has 139 million pixels; what claims much more is
probably a small file made to fill the memory. Pillow refuses at the same size, so a larger `pixel_limit` needs a larger
`PIL.Image.MAX_IMAGE_PIXELS` too."""

READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
"""Pillow's names of the file formats that can be read."""

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
    ImageCms.PyCMSError,
)
"""Everything that Pillow's decoders raise on files that are not what they claim; fuzzing finds all of it."""

_STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"BM": "BMP", b"GIF8": "GIF"}
_STARTS |= {b"%PDF": "PDF", b"8BPS": "Photoshop", b"<svg": "SVG", b"PK\3\4": "ZIP"}

_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What makes each EXIF orientation upright."""

_KEPT_TAGS = frozenset(
    {
        Base.ProcessingSoftware,
        Base.ImageDescription,
        Base.Make,
        Base.Model,
        Base.XResolution,
        Base.YResolution,
        Base.ResolutionUnit,
    }
    | {Base.Software, Base.DateTime, Base.Artist, Base.HostComputer, Base.Rating, Base.RatingPercent, Base.Copyright}
    | {Base.XPTitle, Base.XPComment, Base.XPAuthor, Base.XPKeywords, Base.XPSubject, IFD.Exif, IFD.GPSInfo}
)
"""EXIF tags about the photo; all others say how one file stores its pixels, and would be wrong in the next."""

_SIZE_TAGS = (Base.ExifImageWidth, Base.ExifImageHeight)
"""Wrong as soon as a photo is enlarged, and every file states its size anyway."""

_MOST_PAGES_COUNTED = 100
"""A hostile TIFF can have a million, and finding each takes longer than the one before."""


def decode_photo(file: BinaryFile, *, pixel_limit: int = PIXEL_LIMIT) -> Photo:
    """The photo in an open file, recognised by its content.

    Turned upright by its EXIF orientation. Grey, palette, CMYK, Lab and 1-, 16- and 32-bit pixels become 8-bit RGB; of
    16 bits the upper 8 are kept. Of an MPO (a JPEG with more pictures behind it, as phones write) this is the photo.

    Args:
        file: seekable, read from its beginning; stays open.
        pixel_limit: the most pixels to accept, checked before any are decoded.

    Raises:
        UnreadableImage: not a picture, damaged, cut short, too large, or several pictures in one.
        OSError: the file itself could not be read.
    """
    try:
        with _without_warnings(), PIL.Image.open(file, formats=READ_FORMATS) as picture:
            _require_one_picture_within(picture, pixel_limit)
            _require_whole(picture.format, file)
            return _photo(picture)
    except PIL.UnidentifiedImageError as error:
        raise UnreadableImage(_strange_kind(file)) from error
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


def _require_one_picture_within(picture: PIL.Image.Image, pixel_limit: int) -> None:
    """Leaves the picture at its only page."""
    if isinstance(picture, TiffImageFile):
        _turn_to_only_page(picture)
    elif picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise UnreadableImage(_several_pictures(f"{getattr(picture, 'n_frames', 1)} frames"))
    if picture.width * picture.height > pixel_limit:
        raise UnreadableImage(_too_large(f"{picture.width} x {picture.height} pixels, the limit is {pixel_limit:,}"))


def _turn_to_only_page(picture: TiffImageFile) -> None:
    """Passes over thumbnails, which may come before or after the picture itself."""
    pages = []
    for page in range(_MOST_PAGES_COUNTED):
        try:
            picture.seek(page)
        except EOFError:
            break
        is_thumbnail = picture.tag_v2.get(Base.NewSubfileType) == 1
        if not is_thumbnail:
            pages.append(page)
    if not pages:
        raise UnreadableImage("holds only a thumbnail, as raw files of cameras do; export it as JPEG or PNG")
    if len(pages) > 1:
        at_least = "at least " if len(pages) == _MOST_PAGES_COUNTED else ""
        raise UnreadableImage(_several_pictures(f"{at_least}{len(pages)} pages"))
    picture.seek(pages[0])


def _several_pictures(found: str) -> str:
    return f"contains {found}; export the one you want as a single picture"


def _too_large(found: str) -> str:
    return f"too large: {found}; make a smaller copy, or cut out the faces"


def _require_whole(kind: str | None, file: BinaryFile) -> None:
    """Finds the files whose end was lost but whose length was kept: Pillow would fill the rest with grey."""
    if kind in {"JPEG", "MPO"}:
        file.seek(0)
        if not _has_jpeg_end(file.read()):
            raise UnreadableImage("the end of this JPEG is missing; get a whole copy of the file")
    elif kind == "PNG":
        with PIL.Image.open(file, formats=["PNG"]) as picture:
            picture.verify()


def _has_jpeg_end(data: bytes) -> bool:
    """Whether the end marker, which compressed pixels cannot contain, follows the first start of a scan."""
    position = 2
    while data[position] == 0xFF and data[position + 1] != 0xDA:
        is_padding = data[position + 1] == 0xFF
        position += 1 if is_padding else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return data.find(b"\xff\xd9", position) >= 0


def _strange_kind(file: BinaryFile) -> str:
    """What a file that Pillow does not know seems to be, and what to do."""
    file.seek(0)
    start = file.read(512)
    kind = _kind_by_start(start)
    advice = "save it as JPEG or PNG"
    if kind in READ_FORMATS:
        return f"begins like a {kind} file but is damaged or of an unusual kind; get a whole copy, or {advice}"
    if kind is not None:
        return f"a {kind} file, which cannot be read; {advice}"
    if _is_text(start):
        return "a text file, not a picture; name a picture file"
    return f"not a picture that can be read ({', '.join(READ_FORMATS)}); {advice}"


def _kind_by_start(start: bytes) -> str | None:
    if start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        return "HEIC or AVIF" if start[8:11] in {b"hei", b"hev", b"mif", b"msf", b"avi"} else "video"
    return next((kind for begin, kind in _STARTS.items() if start.startswith(begin)), None)


def _is_text(start: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # the last letter may be cut in two
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _photo(picture: PIL.Image.Image) -> Photo:
    picture.load()
    exif = _read_exif(picture)  # after loading: Pillow itself turns a TIFF then, and forgets its orientation
    turn = _TURNS.get(exif.get(Base.Orientation, 1))
    upright = picture if turn is None else picture.transpose(turn)
    opaque, alpha = _split_transparency(_with_8_bits(upright))
    image, icc_profile = _to_rgb(opaque, picture.info.get("icc_profile"))
    return Photo(
        image=image,
        alpha=alpha,
        format="JPEG" if picture.format == "MPO" else str(picture.format),
        exif=_upright_exif(exif),
        icc_profile=icc_profile,
    )


def _read_exif(picture: PIL.Image.Image) -> PIL.Image.Exif:
    try:
        return picture.getexif()
    except _PILLOW_ERRORS as error:
        logger.warning("leaving out EXIF data that cannot be read: %s", error)
        return PIL.Image.Exif()


def _upright_exif(exif: PIL.Image.Exif) -> bytes | None:
    """What is worth keeping, without the thumbnail, which would show the photo as it was."""
    try:
        kept = PIL.Image.Exif()
        kept.load(exif.tobytes())
        for tag in set(kept) - _KEPT_TAGS:
            del kept[tag]
        if not kept:
            return None
        if IFD.Exif in kept:  # asking for what is not there would add it
            for tag in _SIZE_TAGS:
                kept.get_ifd(IFD.Exif).pop(tag, None)
        kept[Base.Orientation] = 1
        return kept.tobytes()
    except _PILLOW_ERRORS as error:
        logger.warning("leaving out EXIF data that cannot be kept: %s", error)
        return None


def _with_8_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """A picture with 8 bits a channel."""
    if picture.mode.startswith("I;16"):
        values = np.asarray(picture)
        # As Pillow does for colour; exact for what was once 8 bits, whether times 256 or times 257.
        grey = PIL.Image.fromarray((values >> 8).astype(np.uint8))
        if "transparency" not in picture.info:
            return grey
        alpha = PIL.Image.fromarray(np.where(values == picture.info["transparency"], 0, 255).astype(np.uint8))
        return PIL.Image.merge("LA", (grey, alpha))
    if picture.mode in {"I", "F"}:
        return PIL.Image.fromarray(_scaled_to_8_bits(np.asarray(picture)))
    if picture.mode == "1" and "transparency" not in picture.info:
        return picture.convert("L")
    return picture


def _scaled_to_8_bits(values: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """Grey values of any range; what they call white is not in the file, so 1, 255 and 65535 are told by the brightest.

    Raises:
        UnreadableImage: none of the three fits; a wrong guess would make a black or white picture.
    """
    darkest, brightest = float(values.min()), float(values.max())
    white = next((white for white in (1.0, 255.0, 65535.0) if brightest <= white), None)
    is_doubtful = white is None or (white > 1 and 0 < brightest < white / 16)
    if white is None or is_doubtful or not 0 <= darkest <= brightest:
        raise UnreadableImage(
            f"grey values from {darkest:g} to {brightest:g}, so white is unclear; save it with 8 bits"
        )
    return np.rint(values * (255 / white)).astype(np.uint8)


def _split_transparency(
    picture: PIL.Image.Image,
) -> tuple[PIL.Image.Image, UInt8[np.ndarray, "h w"] | None]:
    """The colours as they are under the transparency, and the transparency."""
    if not picture.has_transparency_data:
        return picture, None
    is_grey = picture.mode in {"1", "L", "LA", "La"}
    layered = picture.convert("LA" if is_grey else "RGBA")
    opaque = layered.getchannel("L") if is_grey else layered.convert("RGB")
    return opaque, np.array(layered.getchannel("A"))


def _to_rgb(picture: PIL.Image.Image, icc_profile: object) -> tuple[Image, bytes | None]:
    """RGB pixels and the profile that fits them; what is not RGB becomes sRGB, which needs none."""
    profile = icc_profile if isinstance(icc_profile, bytes) and icc_profile[36:40] == b"acsp" else b""
    colour_space = profile[16:20]
    if picture.mode == "LAB":
        return np.array(_to_srgb(picture, ImageCms.createProfile("LAB"))), None
    if (colour_space, picture.mode) in {(b"CMYK", "CMYK"), (b"GRAY", "L")}:
        try:
            return np.array(_to_srgb(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)))), None
        except (ImageCms.PyCMSError, OSError) as error:
            logger.warning("leaving out a colour profile that cannot be used: %s", error)
    keeps_profile = colour_space == b"RGB " and picture.mode != "CMYK"
    return np.array(picture.convert("RGB")), profile if keeps_profile else None


def _to_srgb(picture: PIL.Image.Image, profile: object) -> PIL.Image.Image:
    """From one of ImageCms's profiles, whose types its stubs leave out."""
    converted = ImageCms.profileToProfile(
        picture, cast("ImageCms.ImageCmsProfile", profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None  # it is None only when converting in place
    return converted
