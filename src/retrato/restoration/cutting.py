"""The faces of a photo that are to be restored, chosen and cut out upright; and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrato.errors import UnusableFace
from retrato.faces.choice import FaceChoice, SharpFaces, part_taken
from retrato.faces.face import Face, FaceCrop
from retrato.faces.placement import Placement
from retrato.images.tensors import to_pictures
from retrato.metrics.sharpness import relative_sharpness
from retrato.restoration.likeness import LEAST_LIKENESS
from retrato.restoration.person import Person
from retrato.shapes import Image


@dataclass(frozen=True, eq=False)
class SkippedFace:
    """One face that was left as it is."""

    face: Face
    """Where it was found."""
    reason: str
    """Why it is not restored."""
    number: int = 1
    """Among all faces that were found, the largest first."""


@dataclass(frozen=True, eq=False)
class CutFace:
    """One face that waits to be restored."""

    face: Face
    """Where it was found."""
    crop: FaceCrop
    """Cut out upright."""
    number: int = 1
    """Among all faces that were found, the largest first."""
    part: float = 1.0
    """How much of the change it takes, 0 to 1."""


@dataclass(frozen=True)
class FaceCutter:
    """Chooses faces, and cuts them out."""

    placement: Placement
    choice: FaceChoice = FaceChoice()
    person: Person | None = None
    """Whose face is the only one that is meant: of each photo, the one that is most alike."""

    def __call__(self, image: Image, found: Sequence[Face], size: int) -> tuple[list[CutFace], list[SkippedFace]]:
        """The faces to restore, `size` px wide and high, and the others; each from the largest to the smallest."""
        cut: list[CutFace] = []
        skipped: list[SkippedFace] = []
        crops = [self._crop(image, face, size) for face in found]
        usable = [isinstance(crop, FaceCrop) for crop in crops]
        reasons = self.choice.why_not(found, usable, (image.shape[1] / 2, image.shape[0] / 2))
        for number, (face, crop, reason) in enumerate(zip(found, crops, reasons, strict=True), start=1):
            if isinstance(crop, FaceCrop) and reason is None:
                cut.append(CutFace(face, crop, number))
            else:
                skipped.append(SkippedFace(face, reason or str(crop), number))
        cut = self._without_strangers(cut, skipped)
        cut = self._without_sharp_ones(cut, skipped)
        return cut, sorted(skipped, key=lambda each: each.number)

    def _crop(self, image: Image, face: Face, size: int) -> FaceCrop | str:
        """The face upright, or why it cannot be."""
        try:
            return self.placement.cut_out(image, face, size)
        except UnusableFace as error:
            return str(error)

    def _without_strangers(self, cut: list[CutFace], skipped: list[SkippedFace]) -> list[CutFace]:
        if self.person is None or not cut:
            return cut
        likenesses = self.person.likenesses([each.crop.image for each in cut])
        most = max(likenesses)
        kept = []
        for each, likeness in zip(cut, likenesses, strict=True):
            if likeness == most and likeness >= LEAST_LIKENESS:
                kept.append(each)
            else:
                reason = f"not the person (likeness {likeness:.2f}, {LEAST_LIKENESS:.2f} is needed)"
                if likeness >= LEAST_LIKENESS:
                    reason = f"another face is more like the person ({likeness:.2f} against {most:.2f})"
                skipped.append(SkippedFace(each.face, reason, each.number))
        return kept

    def _without_sharp_ones(self, cut: list[CutFace], skipped: list[SkippedFace]) -> list[CutFace]:
        if self.choice.sharp is SharpFaces.RESTORE:
            return cut
        kept = []
        for each in cut:
            sharpness = float(relative_sharpness(to_pictures([each.crop.image]))[0])
            part = part_taken(sharpness, self.choice.sharp)
            if part:
                kept.append(CutFace(each.face, each.crop, each.number, part))
            else:
                skipped.append(SkippedFace(each.face, f"sharp already ({sharpness:.2f})", each.number))
        return kept
