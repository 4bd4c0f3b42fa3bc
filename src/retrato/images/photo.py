"""A picture as people have it: pixels and what else the file says."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from retrato.shapes import Image


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright picture and what its file knew about it."""

    image: Image
    alpha: UInt8[np.ndarray, "h w"] | None = None
    """Opacity, 0 to 255, of each pixel, where the file had any."""
    format: str = "PNG"
    """Pillow's name of the file format: JPEG, PNG, WEBP, TIFF, BMP."""
    exif: bytes | None = None
    """As Pillow takes it (begins with `Exif`), the orientation already applied and set to upright, no thumbnail."""
    icc_profile: bytes | None = None

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.image.shape[0])
