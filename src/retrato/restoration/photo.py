"""Whole photos: find the faces, cut them out upright, restore them, put them back."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import torch

from retrato.degradation import grey
from retrato.device import DeviceName, choose_device
from retrato.errors import NotEnoughMemory, UnusableFace, UnwritableOutput
from retrato.faces.alignment import cut_out, mapped, scaling, template, warped
from retrato.faces.detector import FaceDetector, MTCNNDetector
from retrato.faces.face import Box, Face, FaceCrop
from retrato.faces.paste import PlacedFace, paste_back
from retrato.images.decoding import PIXEL_LIMIT
from retrato.images.photo import Photo
from retrato.images.resizing import enlarge_photo
from retrato.images.tensors import to_images, to_pictures
from retrato.restoration.engines.choose import load_restorer
from retrato.restoration.engines.names import EngineName
from retrato.restoration.provenance import mark_as_restored
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces, Image

FACES_AT_ONCE = 8
"""Bounds the memory of photos with many faces."""
GREY_BELOW = 2 / 127.5
"""Mean difference between a grey picture's channels, which JPEG makes a little unequal; a sepia one's is larger."""


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


@dataclass(frozen=True, eq=False)
class RestoredPhoto:
    """A photo with its faces restored, and how that went."""

    photo: Photo
    faces: Sequence[RestoredFace]
    """From the largest to the smallest; none where no face was found."""
    seconds: dict[str, float]
    """What each step took: find, enlarge, cut, restore, paste."""

    @property
    def image(self) -> Image:
        """The pixels alone."""
        return self.photo.image


class PhotoRestorer:
    """Restores the faces in photos; everything outside their regions is only enlarged."""

    def __init__(
        self,
        find_faces: FaceDetector,
        restore_faces: FaceRestorer,
        *,
        upscale: int = 1,
        only_largest: bool = False,
    ) -> None:
        """Put the parts together.

        Args:
            find_faces: where the faces of a picture are.
            restore_faces: aligned faces to restored ones.
            upscale: how many times wider and higher the result is.
            only_largest: leave the other faces as they are.
        """
        if upscale < 1:
            raise ValueError(f"upscale must be 1 or more, found {upscale}")
        self.find_faces = find_faces
        self.restore_faces = restore_faces
        self.upscale = upscale
        self.only_largest = only_largest

    @classmethod
    def from_weights(
        cls,
        name_or_file: str | Path = "bundled",
        *,
        upscale: int = 1,
        only_largest: bool = False,
        device: DeviceName | str = DeviceName.AUTO,
        engine: EngineName | str | None = None,
    ) -> "PhotoRestorer":
        """A restorer with the bundled detector and the named weights, run by the named engine; see `load_restorer`.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnusableWeights: the file is broken or holds something else.
            UnavailableDevice: this machine has no such device.
            MissingPackage: the engine is not installed.
        """
        restore_faces = load_restorer(name_or_file, engine, device)
        find_faces = MTCNNDetector.bundled(choose_device(device))
        return cls(find_faces, restore_faces, upscale=upscale, only_largest=only_largest)

    def __call__(self, photo: Photo) -> RestoredPhoto:
        """Restore the faces of a photo.

        Raises:
            UnwritableOutput: the enlarged photo would have more pixels than retrato reads.
            NotEnoughMemory: it does not fit into this machine.
        """
        self._require_room(photo)
        steps = Steps()
        with memory_in_words(photo):
            with steps.timed("find"):
                found = self.find_faces(photo.image)
            with steps.timed("cut"):
                upright = ((face, crop) for face in found if (crop := self._cut_out(photo.image, face)))
                cut = list(islice(upright, 1 if self.only_largest else None))
            return self._restore(photo, cut, steps)

    def restore_aligned(self, photo: Photo) -> RestoredPhoto:
        """Restore a picture that is a face crop already, aligned as FFHQ's are, to its edges.

        Raises:
            UnusableFace: the picture is not square.
            UnwritableOutput: the enlarged picture would have more pixels than retrato reads.
            NotEnoughMemory: it does not fit into this machine.
        """
        if photo.width != photo.height:
            raise UnusableFace(
                f"an aligned face is square, this picture is {photo.width}x{photo.height}: "
                "restore it as a photo (without --aligned), which finds and aligns the face"
            )
        self._require_room(photo)
        steps = Steps()
        with memory_in_words(photo):
            with steps.timed("cut"):
                cut = whole_picture(photo.image, self.restore_faces.size)
            return self._restore(photo, [cut], steps, fades=False)

    def _require_room(self, photo: Photo) -> None:
        pixels = photo.width * photo.height * self.upscale**2
        if pixels > PIXEL_LIMIT:
            raise UnwritableOutput(
                f"{photo.width}x{photo.height} enlarged {self.upscale} times would have {pixels / 1e6:.0f} megapixels, "
                f"more than the {PIXEL_LIMIT / 1e6:.0f} that are read back: choose a smaller upscale"
            )

    def _cut_out(self, image: Image, face: Face) -> FaceCrop | None:
        try:
            return cut_out(image, face.landmarks, self.restore_faces.size)
        except UnusableFace:
            return None  # the detector's own checks leave such landmarks to be rare; the face stays as it is

    def _restore(
        self, photo: Photo, cut: list[tuple[Face, FaceCrop]], steps: "Steps", fades: bool = True
    ) -> RestoredPhoto:
        restored: list[RestoredFace] = []
        with steps.timed("restore"):
            for start in range(0, len(cut), FACES_AT_ONCE):
                restored += self._restore_batch(cut[start : start + FACES_AT_ONCE])
        with steps.timed("enlarge"):
            canvas = photo if self.upscale == 1 else enlarge_photo(photo, self.upscale)
        with steps.timed("paste"):
            placed = [PlacedFace(each.crop, each.restored, fades=fades) for each in restored]
            image = paste_back(canvas.image, placed, self.upscale) if placed else canvas.image
        finished = replace(canvas, image=image)
        if restored:
            finished = mark_as_restored(finished, self.restore_faces.name)
        return RestoredPhoto(finished, restored, steps.seconds)

    def _restore_batch(self, cut: list[tuple[Face, FaceCrop]]) -> list[RestoredFace]:
        started = time.perf_counter()
        crops = to_pictures([crop.image for _, crop in cut])
        images = to_images(without_new_colour(self.restore_faces(crops), crops))
        seconds = (time.perf_counter() - started) / len(cut)
        return [RestoredFace(face, crop, image, seconds) for (face, crop), image in zip(cut, images, strict=True)]


def without_new_colour(restored: Faces, crops: Faces) -> Faces:
    """The restored faces, those of grey crops in grey: a restorer must not colour what has no colour."""
    colour = (crops.amax(1) - crops.amin(1)).mean((1, 2))  # (N)
    is_grey = colour < GREY_BELOW
    return torch.where(is_grey[:, None, None, None], grey(restored), restored)


def whole_picture(image: Image, size: int) -> tuple[Face, FaceCrop]:
    """A picture that is an aligned face to its edges, brought to `size`."""
    scale = size / len(image)
    picture_to_crop = scaling(scale, scale)
    landmarks = mapped(template(size), cv2.invertAffineTransform(picture_to_crop))
    face = Face(Box(0.0, 0.0, float(len(image)), float(len(image))), landmarks, score=1.0)
    return face, FaceCrop(warped(image, picture_to_crop, size, size, cv2.BORDER_REFLECT), picture_to_crop)


@contextmanager
def memory_in_words(photo: Photo) -> Iterator[None]:
    """NumPy, torch and OpenCV each have their own words for memory that is full; these are ours."""
    try:
        yield
    except (MemoryError, RuntimeError, cv2.error) as error:
        words = str(error).lower()
        if not isinstance(error, MemoryError) and "memory" not in words:
            raise
        raise NotEnoughMemory(
            f"a photo of {photo.width}x{photo.height} takes more memory than there is: choose a smaller upscale, "
            "or close other programs"
        ) from error


class Steps:
    """What each step of one photo took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started
