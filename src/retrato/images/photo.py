"""A picture as people have it: pixels and what else the file says."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import UInt8, UInt16

from retrato.shapes import Image


class Colours(StrEnum):
    """What the channels of stored pixels mean."""

    GREY = "grey"
    RGB = "RGB"
    CMYK = "CMYK"
    LAB = "Lab"


@dataclass(frozen=True, eq=False)
class StoredPixels:
    """The pixels of a file, upright, in the depth and the colours in which it stores them."""

    values: UInt8[np.ndarray, "h w *channels"] | UInt16[np.ndarray, "h w *channels"]
    """(H, W) for grey, else (H, W, 3 or 4); in CMYK 0 is no ink, in Lab 128 is neither green nor red."""
    colours: Colours
    icc_profile: bytes | None = None
    """What these colours look like; sRGB, or its grey, where nothing is said."""

    @property
    def bits(self) -> int:
        """Of one value: 8 or 16."""
        return 8 * self.values.itemsize


@dataclass(frozen=True)
class JpegTraits:
    """How a JPEG was compressed, and what only a JPEG says."""

    tables: tuple[tuple[int, ...], ...] = ()
    """Quantisation of each component, 64 steps each; none where the usual ones are to be used."""
    subsampling: int = 0
    """As Pillow counts: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool = False
    keeps_rgb: bool = False
    """Whether red, green and blue are compressed as they are, as few programs do."""
    segments: tuple[bytes, ...] = ()
    """Marker segments to write again, each whole: comments, Photoshop's resources, those of cameras."""


@dataclass(frozen=True)
class PngTraits:
    """What only a PNG says."""

    chunks: tuple[tuple[bytes, bytes], ...] = ()
    """Kind and content of the chunks to write again: texts, size on paper, gamma, time."""


@dataclass(frozen=True)
class TiffTraits:
    """How a TIFF was compressed, and what only a TIFF says; its tags are among the EXIF."""

    compression: int = 8
    """TIFF's number: 1 none, 5 LZW, 8 Deflate, 32773 PackBits."""
    is_differenced: bool = True
    """Whether each pixel is stored as its difference from the one before, which compresses better."""
    byte_order: str = "<"
    """As `struct` says it."""
    photoshop: bytes | None = None
    """Photoshop's image resources."""


@dataclass(frozen=True)
class WebpTraits:
    """How a WebP was compressed."""

    is_lossless: bool = False


Traits = JpegTraits | PngTraits | TiffTraits | WebpTraits


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright picture and what its file knew about it.

    Whoever changes the picture changes `image` alone. Writing adds what changed to the pixels as they were stored, so
    that the others stay what they were, in their own depth and colours.
    """

    image: Image
    """In sRGB, whatever colours the file has."""
    alpha: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | None = None
    """Opacity of each pixel, 0 to 255 or 65,535, where the file had any."""
    format: str = "PNG"
    """Pillow's name of the file format: JPEG, PNG, WEBP, TIFF, BMP, AVIF, HEIF."""
    exif: bytes | None = None
    """Begins with `Exif` and two zeros; the orientation already applied and set to upright, no thumbnail. Of a TIFF,
    these are its tags, but for those that say how it stores its pixels."""
    xmp: bytes | None = None
    """The packet, in XML."""
    iptc: bytes | None = None
    """Records of captions and keywords, as the IPTC's Information Interchange Model has them."""
    dots_per_inch: tuple[float, float] | None = None
    """Across and down."""
    comments: tuple[str, ...] = ()
    """What JPEG and PNG say in words beside the picture."""
    stored: StoredPixels | None = None
    """As large as `image`; nothing where the file has just that, or where there never was a file."""
    traits: Traits | None = None
    """What only files of its format say; nothing of it goes into others."""
    remarks: tuple[str, ...] = ()
    """What of the file is not here, in words for the person whose photo it is."""

    def __post_init__(self) -> None:
        """Refuse an image that the stored pixels do not belong to."""
        if self.stored is not None and self.stored.values.shape[:2] != self.image.shape[:2]:
            raise ValueError(
                f"stored pixels of {self.stored.values.shape[:2]} with an image of {self.image.shape[:2]}: "
                "use enlarge_photo, or leave them out with stored=None"
            )

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.image.shape[0])
