"""Which of the faces that are found in a photo are restored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from retrato.faces.face import Box, Face

SHARP_FROM, SHARP = 0.4, 0.5
"""Relative sharpness from which on a face is restored less, and at which it is sharp. Of good faces 95 in 100 have 0.47
or more; of lightly degraded ones 90 have 0.4 or less, and 99 have 0.5 or less (benchmarks/thresholds.py)."""


class Which(StrEnum):
    """Faces by what they are in the photo."""

    LARGEST = "largest"
    CENTRE = "centre"
    """The one nearest to the photo's middle."""


class SharpFaces(StrEnum):
    """What to do with faces that are sharp already."""

    RESTORE = "restore"
    """As with all others."""
    LESS = "less"
    """The sharper they are, the less of the change is taken over."""
    SKIP = "skip"
    """Nothing is."""


@dataclass(frozen=True)
class FaceChoice:
    """Which faces are meant."""

    only: tuple[Which | int | Box, ...] = ()
    """By what they are, by number (the largest is 1), or by a box in pixels of the photo that has their middle in it;
    all where nothing is said."""
    smallest: float = 0.0
    """Width of the smallest face, in pixels of the photo."""
    sharp: SharpFaces = SharpFaces.RESTORE

    def __post_init__(self) -> None:
        """Refuse what no face can be."""
        if any(isinstance(each, int) and each < 1 for each in self.only):
            raise ValueError(f"faces are counted from 1, found {self.only}")
        if not self.smallest >= 0:
            raise ValueError(f"smallest must be 0 or more, found {self.smallest}")

    def why_not(self, faces: Sequence[Face], usable: Sequence[bool], middle: tuple[float, float]) -> list[str | None]:
        """For each face why it is not meant; None where it is.

        Args:
            faces: of a photo, the largest first.
            usable: which of them can be restored: the largest and that in the centre are meant among these.
            middle: of the photo, in pixels across and down.
        """
        chosen = [not self.only] * len(faces)
        for each in self.only:
            for place in places_of(each, faces, usable, middle):
                chosen[place] = True
        return [self._reason(face, is_chosen) for face, is_chosen in zip(faces, chosen, strict=True)]

    def _reason(self, face: Face, is_chosen: bool) -> str | None:
        if not is_chosen:
            return "not chosen"
        if face.box.width < self.smallest:
            return f"{face.box.width:.0f} pixels wide, and none below {self.smallest:g} are asked for"
        return None


def places_of(
    which: Which | int | Box, faces: Sequence[Face], usable: Sequence[bool], middle: tuple[float, float]
) -> list[int]:
    """Where in a list of faces those are that are meant; see `FaceChoice.why_not`."""
    if isinstance(which, Box):
        return [place for place, face in enumerate(faces) if _holds(which, *_middle(face.box))]
    if isinstance(which, int):
        return [which - 1] if which <= len(faces) else []
    candidates = [place for place, is_usable in enumerate(usable) if is_usable]
    if which is Which.CENTRE:
        candidates.sort(key=lambda place: math.dist(_middle(faces[place].box), middle))
    return candidates[:1]


def part_taken(sharpness: float, sharp: SharpFaces) -> float:
    """How much of the change a face takes, 0 to 1.

    >>> [round(part_taken(each, SharpFaces.LESS), 2) for each in (0.3, 0.45, 0.6)]
    [1.0, 0.5, 0.0]
    """
    if sharp is SharpFaces.LESS:
        return float(np.clip((SHARP - sharpness) / (SHARP - SHARP_FROM), 0, 1))
    return 0.0 if sharp is SharpFaces.SKIP and sharpness >= SHARP else 1.0


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left <= x < box.right and box.top <= y < box.bottom
