"""Whole photos: find the faces, cut them out upright, restore them, put them back."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from retrato.degradation import grey
from retrato.device import DeviceName, choose_device
from retrato.errors import NotEnoughMemory, UnusableFace, UnwritableOutput
from retrato.faces.alignment import cut_again, mapped, scaling, template, warped
from retrato.faces.choice import FaceChoice
from retrato.faces.detector import FaceDetector
from retrato.faces.face import Box, Face, FaceCrop
from retrato.faces.paste import PlacedFace
from retrato.faces.placement import Placement, SeamlessPlacement
from retrato.faces.strength import Strength
from retrato.images.decoding import PIXEL_LIMIT
from retrato.images.photo import Photo
from retrato.images.resizing import enlarge_photo
from retrato.images.tensors import to_images, to_pictures
from retrato.images.turning import turn_photo
from retrato.precision import Precision
from retrato.restoration.colour import GREY_BELOW
from retrato.restoration.cutting import CutFace, FaceCutter, SkippedFace
from retrato.restoration.engines.names import EngineName
from retrato.restoration.kept import Kept
from retrato.restoration.likeness import Embed
from retrato.restoration.loading import load_restorer
from retrato.restoration.person import Person
from retrato.restoration.pipeline import Pipeline, RetratoPipeline, detector_of, placement_of
from retrato.restoration.provenance import mark_as_restored
from retrato.restoration.restored import RestoredFace, RestoredPhoto
from retrato.restoration.restorer import FaceRestorer
from retrato.restoration.rotation import Rotation
from retrato.restoration.steps import Steps
from retrato.restoration.trust import trusts
from retrato.restoration.upscaler import LANCZOS, LanczosUpscaler, Upscaler, load_background
from retrato.shapes import Faces, Image
from retrato.weights.embedders import load_embedder

FACES_AT_ONCE = 8
"""Bounds the memory of photos with many faces."""
PIXELS_AT_ONCE = 50_000_000
"""Of photos whose faces wait for those of others; bounds the memory, too."""


@dataclass(frozen=True, eq=False)
class UprightFaces:
    """A photo whose faces are cut out and wait to be restored."""

    photo: Photo
    cut: list[CutFace]
    skipped: list[SkippedFace]
    steps: Steps
    kept: Kept | None
    """What of the photo stays as it is."""
    turns: int = 0
    fades: bool = True
    """Whether the faces fade towards the borders of their crops."""


class PhotoRestorer:
    """Restores the faces in photos; everything outside their regions is only enlarged, by Lanczos or by a model."""

    def __init__(  # noqa: PLR0913 (one for each part)
        self,
        find_faces: FaceDetector,
        restore_faces: FaceRestorer,
        *,
        upscale: int = 1,
        placement: Placement | None = None,
        upscale_background: Upscaler | None = None,
        strength: Strength = Strength(),
        choice: FaceChoice = FaceChoice(),
        person: Person | None = None,
        rotate: Rotation = Rotation.NONE,
        embed: Embed | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            find_faces: where the faces of a picture are.
            restore_faces: aligned faces to restored ones.
            upscale: how many times wider and higher the result is.
            placement: how faces are cut out and put back; retrato's own where nothing is said.
            upscale_background: what enlarges the photo around the faces; by default Lanczos. A model makes sense only
                where there is something to enlarge.
            strength: how much of each restored face is taken over.
            choice: which faces are restored; the others are left as they are.
            person: whose face is the only one to be restored.
            rotate: how photos are turned before all else, such as scans that lie on their side.
            embed: knows people, and is asked how far each restored face can be trusted.
        """
        if upscale < 1:
            raise ValueError(f"upscale must be 1 or more, found {upscale}")
        self.upscale_background = upscale_background or LanczosUpscaler()
        if upscale == 1 and self.upscale_background.guesses:
            raise ValueError(f"{self.upscale_background.name} has nothing to enlarge: choose an upscale of 2 or more")
        self.find_faces = find_faces
        self.restore_faces = restore_faces
        self.upscale = upscale
        self.placement = placement or SeamlessPlacement()
        self.cut_faces = FaceCutter(self.placement, choice, person)
        self.rotate = rotate
        self.strength = strength
        self.embed = embed

    @classmethod
    def from_weights(  # noqa: PLR0913 (one for each thing that a person may choose)
        cls,
        name_or_file: str | Path = "bundled",
        *,
        upscale: int = 1,
        background: Upscaler | str | Path = LANCZOS,
        device: DeviceName | str = DeviceName.AUTO,
        precision: Precision | None = None,
        noise_seed: int | None = None,
        engine: EngineName | str | None = None,
        pipeline: Pipeline = RetratoPipeline(),
        strength: Strength = Strength(),
        choice: FaceChoice = FaceChoice(),
        person: Photo | str | Path | None = None,
        rotate: Rotation | str = Rotation.NONE,
    ) -> "PhotoRestorer":
        """A restorer with the named weights; unless `pipeline` says otherwise, with all that comes with retrato.

        `background` is an upscaler or what `load_background` takes: lanczos, realesr-general-x4v3, a file, ...;
        `precision`, `noise_seed` and `engine` are as `load_restorer` takes them; `person` is a photo of theirs.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnavailableWeights: a known name whose file is not here and cannot be fetched.
            UnusableWeights: the file is broken or holds something else.
            UnavailableDevice: this machine has no such device.
            MissingPackage: the engine is not installed.
            UnusableFace: the photo of the person shows no face that can be used.
            UnreadableImage: it is no picture.
        """
        find_faces, embed = detector_of(pipeline, choose_device(device)), load_embedder()
        return cls(
            find_faces,
            load_restorer(name_or_file, device, precision, noise_seed, engine),
            upscale=upscale,
            placement=placement_of(pipeline, choose_device(device)),
            upscale_background=background if isinstance(background, Upscaler) else load_background(background, device),
            strength=strength,
            choice=choice,
            person=person_of(person, find_faces, embed),
            rotate=Rotation(rotate),
            embed=embed,
        )

    def __call__(self, photo: Photo, kept: Kept | None = None) -> RestoredPhoto:
        """Restore the faces of a photo.

        Args:
            photo: of any size.
            kept: what of it stays as it is, faces or not.

        Raises:
            UnusableRegion: what is to be kept does not belong to the photo.
            UnwritableOutput: the enlarged photo would have more pixels than retrato reads.
            NotEnoughMemory: it does not fit into this machine.
        """
        upright = self._upright(photo, kept)
        return self._pasted(upright, self._restored([upright]))

    def each(self, photos: Iterable[Photo]) -> Iterator[RestoredPhoto]:
        """Restore photos one after the other, the faces of several going through the restorer together.

        That is faster on a GPU, and on a CPU with small faces; a few photos are in memory at a time.

        Raises:
            UnwritableOutput: an enlarged photo would have more pixels than retrato reads.
            NotEnoughMemory: one does not fit into this machine.
        """
        waiting: list[UprightFaces] = []
        for photo in photos:
            waiting.append(self._upright(photo))
            pixels = sum(each.photo.width * each.photo.height for each in waiting)
            if sum(len(each.cut) for each in waiting) >= FACES_AT_ONCE or pixels >= PIXELS_AT_ONCE:
                yield from self._together(waiting)
                waiting = []
        yield from self._together(waiting)

    def restore_aligned(self, photo: Photo, kept: Kept | None = None) -> RestoredPhoto:
        """Restore a picture that is a face crop already, aligned as FFHQ's are, to its edges.

        Raises:
            UnusableRegion: what is to be kept does not belong to the picture.
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
        with memory_in_words(photo), steps.timed("cut"):
            cut = whole_picture(photo.image, self.restore_faces.size)
        if kept is not None:
            kept.require_fitting(photo)
        upright = UprightFaces(photo, [cut], [], steps, kept, fades=False)
        return self._pasted(upright, self._restored([upright]))

    def _require_room(self, photo: Photo) -> None:
        pixels = photo.width * photo.height * self.upscale**2
        if pixels > PIXEL_LIMIT:
            raise UnwritableOutput(
                f"{photo.width}x{photo.height} enlarged {self.upscale} times would have {pixels / 1e6:.0f} megapixels, "
                f"more than the {PIXEL_LIMIT / 1e6:.0f} that are read back: choose a smaller upscale"
            )

    def _upright(self, photo: Photo, kept: Kept | None = None) -> "UprightFaces":
        self._require_room(photo)
        if kept is not None:
            kept.require_fitting(photo)
        steps = Steps()
        with memory_in_words(photo):
            with steps.timed("find"):
                turns = self.rotate.quarters(photo.image, self.find_faces)
                kept = kept and kept.turned(turns, photo.width, photo.height)
                photo = turn_photo(photo, turns)
                found = self.find_faces(photo.image)
            with steps.timed("cut"):
                cut, skipped = self.cut_faces(photo.image, found, self.restore_faces.size)
        return UprightFaces(photo, cut, skipped, steps, kept, turns)

    def _together(self, waiting: "Sequence[UprightFaces]") -> Iterator[RestoredPhoto]:
        restored = iter(self._restored(waiting))
        for each in waiting:
            yield self._pasted(each, list(islice(restored, len(each.cut))))

    def _restored(self, waiting: "Sequence[UprightFaces]") -> list[RestoredFace]:
        """The faces of all photos, so many at a time."""
        cut = [each for upright in waiting for each in upright.cut]
        restored: list[RestoredFace] = []
        with memory_in_words(waiting[0].photo) if waiting else nullcontext():
            for start in range(0, len(cut), FACES_AT_ONCE):
                restored += self._restored_batch(cut[start : start + FACES_AT_ONCE])
        return restored

    def _pasted(self, upright: "UprightFaces", restored: list[RestoredFace]) -> RestoredPhoto:
        photo, steps = upright.photo, upright.steps
        steps.seconds["restore"] = sum(each.seconds for each in restored)
        with memory_in_words(photo):
            with steps.timed("enlarge"):
                canvas = photo if self.upscale == 1 else self._enlarged(photo)
            with steps.timed("paste"):
                placed = [self._placed(each, canvas, upright) for each in restored]
                image = self.placement.paste_back(canvas.image, placed, self.upscale) if placed else canvas.image
            finished = replace(canvas, image=image)
            upscaler = self.upscale_background.name if self.upscale_background.guesses else None
            if restored or upscaler:
                guessed = sum(each.is_largely_guessed for each in restored)
                finished = mark_as_restored(finished, self.restore_faces.name if restored else None, upscaler, guessed)
        return RestoredPhoto(finished, restored, steps.seconds, upright.skipped, upscaler, upright.turns)

    def _enlarged(self, photo: Photo) -> Photo:
        """All but Lanczos, which resamples what the file stores, see the picture in sRGB alone."""
        draws = not isinstance(self.upscale_background, LanczosUpscaler)
        return enlarge_photo(photo, self.upscale, self.upscale_background if draws else None)

    def _seen_on(self, canvas: Photo, crop: FaceCrop) -> FaceCrop:
        """The crop as the canvas has it: what a model drew there must not be added to what the restorer drew."""
        return cut_again(canvas.image, crop, self.upscale) if self.upscale_background.guesses else crop

    def _placed(self, face: RestoredFace, canvas: Photo, upright: UprightFaces) -> PlacedFace:
        size = len(face.restored)
        landmarks = mapped(face.face.landmarks, face.crop.photo_to_crop)
        masks = [self.strength.mask(landmarks, size)]
        if upright.kept is not None:
            masks.append(1 - upright.kept.in_crop(face.crop, upright.photo))
        if face.part < 1:
            masks.append(np.full((size, size), face.part, np.float32))
        said = [each for each in masks if each is not None]
        mask = np.prod(said, axis=0) if said else None
        return PlacedFace(self._seen_on(canvas, face.crop), face.restored, mask, fades=upright.fades)

    def _restored_batch(self, cut: list[CutFace]) -> list[RestoredFace]:
        started = time.perf_counter()
        crops = to_pictures([each.crop.image for each in cut])
        restored = self.restore_faces(crops)
        images = to_images(without_new_colour(restored, crops) if self.placement.keeps_grey else restored)
        trusted: Sequence[float | None] = [None] * len(cut)
        if self.embed is not None:
            trusted = trusts(self.embed, [each.crop.image for each in cut], images)
        seconds = (time.perf_counter() - started) / len(cut)
        return [
            RestoredFace(each.face, each.crop, image, seconds, each.number, each.part, trust)
            for each, image, trust in zip(cut, images, trusted, strict=True)
        ]


def person_of(photo: Photo | str | Path | None, find_faces: FaceDetector, embed: Embed) -> Person | None:
    """The person whom a photo shows, if there is one."""
    if photo is None:
        return None
    if isinstance(photo, Photo):
        return Person.from_photo(photo, find_faces, embed)
    return Person.from_file(photo, find_faces, embed)


def without_new_colour(restored: Faces, crops: Faces) -> Faces:
    """The restored faces, those of grey crops in grey: a restorer must not colour what has no colour."""
    colour = (crops.amax(1) - crops.amin(1)).mean((1, 2))  # (N)
    is_grey = colour < GREY_BELOW
    return torch.where(is_grey[:, None, None, None], grey(restored), restored)


def whole_picture(image: Image, size: int) -> CutFace:
    """A picture that is an aligned face to its edges, brought to `size`."""
    scale = size / len(image)
    picture_to_crop = scaling(scale, scale)
    landmarks = mapped(template(size), cv2.invertAffineTransform(picture_to_crop))
    face = Face(Box(0.0, 0.0, float(len(image)), float(len(image))), landmarks, score=1.0)
    crop = warped(image, picture_to_crop, size, size, cv2.BORDER_REFLECT)
    return CutFace(face, FaceCrop(crop, picture_to_crop))


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
