"""How faces come out of a photo, and how they go back: the seam between restoring faces and restoring photos."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from retrato.faces.alignment import cut_out
from retrato.faces.face import Face, FaceCrop
from retrato.faces.matching import GRAIN, matched
from retrato.faces.paste import PlacedFace, paste_back
from retrato.faces.plausible import require_plausible
from retrato.shapes import Image


@runtime_checkable
class Placement(Protocol):
    """Cuts faces out upright, and puts them back where they were."""

    @property
    def keeps_grey(self) -> bool:
        """Whether a face that has no colour is put back without any, whatever the restorer made of it."""
        ...

    def cut_out(self, image: Image, face: Face, size: int) -> FaceCrop:
        """The face upright, `size` px wide and high.

        Raises:
            UnusableFace: its landmarks do not say how.
        """
        ...

    def paste_back(self, canvas: Image, faces: Sequence[PlacedFace], upscale: int) -> Image:
        """A new picture with the faces in it; `canvas` is the photo, `upscale` times as large as they were cut from."""
        ...


class SeamlessPlacement:
    """Retrato's own: mirrored beyond the photo, and only the change is pasted, so that there is no seam to hide.

    Faces keep their colour, and some grain where the photo has it; what is no face that can be restored is refused.
    """

    keeps_grey = True

    def __init__(self, grain: float = GRAIN) -> None:
        """Choose how grainy faces are.

        Args:
            grain: how much of the photo's grain stays in its faces, 0 to 1: as much as around them.
        """
        if not 0 <= grain <= 1:
            raise ValueError(f"grain must be from 0 to 1, found {grain}")
        self.grain = grain

    def cut_out(self, image: Image, face: Face, size: int) -> FaceCrop:
        """See `alignment.cut_out`.

        Raises:
            UnusableFace: the landmarks do not make a face that can be restored, or it lies outside the photo.
        """
        require_plausible(face)
        return cut_out(image, face.landmarks, size)

    def paste_back(self, canvas: Image, faces: Sequence[PlacedFace], upscale: int) -> Image:
        """See `paste.paste_back`."""
        return paste_back(canvas, [matched(face, self.grain) for face in faces], upscale)
