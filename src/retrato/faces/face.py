"""Where a face is, and a face cut out."""

from dataclasses import dataclass

from retrato.shapes import Affine, Image, Landmarks


@dataclass(frozen=True)
class Box:
    """A rectangle in photo pixels; `right` and `bottom` are just outside it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height


@dataclass(frozen=True, eq=False)
class Face:
    """Where a face is in a photo."""

    box: Box
    landmarks: Landmarks
    """In photo pixels."""
    score: float
    """How sure the detector is, 0 to 1."""


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """A face cut out upright, and the way back."""

    image: Image
    """Square."""
    photo_to_crop: Affine
    """Photo pixels to crop pixels."""
