"""Photos and faces after restoring, and what they were before."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrato.faces.face import Face, FaceCrop
from retrato.images.photo import Photo
from retrato.restoration.cutting import SkippedFace
from retrato.restoration.trust import is_largely_guessed
from retrato.shapes import Image


@dataclass(frozen=True, eq=False)
class RestoredFace:
    """One face, before and after."""

    face: Face
    """Where it was found."""
    crop: FaceCrop
    """Cut out upright."""
    restored: Image
    """The crop, restored."""
    seconds: float
    """What restoring took; faces that are restored together share their time."""
    number: int = 1
    """Among all faces that were found, the largest first."""
    part: float = 1.0
    """How much of the change is taken over, 0 to 1, before `Strength`: less of faces that are sharp already."""
    trust: float | None = None
    """How far it can be trusted to show the person, 0 to 1; None where no network that knows people was asked."""

    @property
    def is_largely_guessed(self) -> bool:
        """Whether it may well show somebody else."""
        return is_largely_guessed(self.trust)


@dataclass(frozen=True, eq=False)
class RestoredPhoto:
    """A photo with its faces restored, and how that went."""

    photo: Photo
    faces: Sequence[RestoredFace]
    """From the largest to the smallest; none where no face was found."""
    seconds: dict[str, float]
    """What each step took: find, enlarge, cut, restore, paste."""
    skipped: Sequence[SkippedFace] = ()
    """Faces that were found and left as they are: too small, turned too far, or no faces after all."""
    enlarged_by: str | None = None
    """The model that drew what is around the faces larger, where one did."""
    turns: int = 0
    """How many times 90 degrees the photo was turned against the clock; faces lie where they are after that."""

    @property
    def image(self) -> Image:
        """The pixels alone."""
        return self.photo.image
