"""How much of a restored face is taken over, and where."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from retrato.losses.components import Component, Place, places_from_landmarks
from retrato.shapes import Landmarks, Mask

EDGE = (0.7, 1.3)
"""From where to where the strength of a region goes over into that around it, in its radii."""


@dataclass(frozen=True)
class Strength:
    """How much of what the restorer changed is taken over, 0 to 1: 0 leaves the photo as it is."""

    skin: float = 1.0
    """All but eyes and mouth."""
    eyes: float = 1.0
    mouth: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no part."""
        for name in ("skin", "eyes", "mouth"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"the strength of {name} must be from 0 to 1, found {getattr(self, name)}")

    @classmethod
    def everywhere(cls, value: float) -> "Strength":
        """The same in all regions."""
        return cls(value, value, value)

    def mask(self, landmarks: Landmarks, size: int) -> Mask | None:
        """For each pixel of a crop of that size; None where all is taken over.

        Args:
            landmarks: of the face, in pixels of the crop.
            size: width and height of the crop.
        """
        if self == Strength():
            return None
        mask = np.full((size, size), self.skin, np.float32)
        places = places_from_landmarks((landmarks + 0.5) / size)
        for component, place in places.items():
            own = self.mouth if component is Component.MOUTH else self.eyes
            mask += (own - mask) * region(place, size)
        return mask


def region(place: Place, size: int) -> Float[np.ndarray, "size size"]:
    """1 in an eye or mouth, 0 away from it, with a soft edge: an ellipse as wide as the place and 0.7 times as high."""
    position = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = (position - place.x) / (0.5 * place.side), (position - place.y) / (0.35 * place.side)
    depth = (EDGE[1] - np.hypot(x, y[:, None])) / (EDGE[1] - EDGE[0])
    depth = depth.clip(0, 1)
    return np.asarray(depth * depth * (3 - 2 * depth))
