"""How faces come out of a photo, and how they go back: the seam between restoring faces and restoring photos."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from retrato.faces.alignment import cut_out
from retrato.faces.face import Face, FaceCrop
from retrato.faces.paste import PlacedFace, paste_back
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
    """Retrato's own: mirrored beyond the photo, and only the change is pasted, so that there is no seam to hide."""

    keeps_grey = True

    def cut_out(self, image: Image, face: Face, size: int) -> FaceCrop:
        """See `alignment.cut_out`.

        Raises:
            UnusableFace: the landmarks do not make a face, or it lies outside the photo.
        """
        return cut_out(image, face.landmarks, size)

    def paste_back(self, canvas: Image, faces: Sequence[PlacedFace], upscale: int) -> Image:
        """See `paste.paste_back`."""
        return paste_back(canvas, faces, upscale)
