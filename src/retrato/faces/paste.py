"""Restored faces put back where they were cut out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float, Float32

from retrato.faces.alignment import Region, scale_of, scaling, shift, then, warped
from retrato.faces.face import FaceCrop
from retrato.shapes import Affine, Image, Mask

FADE = 0.1
"""Part of a crop's width along each side over which the change fades; half of it is there at 5 %, as published."""

BAND_HEIGHT = 512
"""Rows that are pasted at a time, which bounds the memory for a face that fills a large photo."""


@dataclass(frozen=True, eq=False)
class PlacedFace:
    """A restored face, and the crop that says where it belongs."""

    crop: FaceCrop
    restored: Image
    """As large as the crop."""
    mask: Mask | None = None
    """How much of the change each of its pixels takes; all of it where nothing is said."""
    grain: float = 0.0
    """How much stays, at least, of what the photo has and the crop is too coarse for, 0 to 1."""
    fades: bool = True
    """Whether the change fades towards the crop's borders; it need not where the crop is the whole photo."""

    def __post_init__(self) -> None:
        """Refuse what does not belong together."""
        sizes = {self.crop.image.shape[:2], self.restored.shape[:2]}
        sizes |= set() if self.mask is None else {self.mask.shape}
        if len(sizes) > 1:
            raise ValueError(f"crop, restored face and mask must be of one size, not {sorted(sizes)}")


def paste_back(canvas: Image, faces: Sequence[PlacedFace], upscale: int = 1) -> Image:
    """A new picture with the restored faces in it; `canvas` is the photo, `upscale` times as large as it was cut from.

    What is added is the change, restored minus crop, and not the restored face itself: a face that the restorer left
    alone leaves the photo as it was, to the bit, however large the face and small the crop. What is finer than the crop
    can hold (pores, or film grain) the restorer did not see. It stays in the same part as the finest detail that it did
    see (`kept_detail`): a sharp face keeps its pores, and the grain that it takes out of the crop goes from the photo.

    Where several crops overlap, each pixel takes their mean.
    """
    pasted = canvas.copy()
    patches = [Patch.of(canvas, face, upscale) for face in faces]
    for patch in patches:
        neighbours = [other for other in patches if other is not patch and other.region.touches(patch.region)]
        for band in patch.bands():
            weight = patch.weight(band)
            total = sum((other.weight(band) for other in neighbours), weight)
            change = patch.change(canvas, band) * (weight / np.maximum(total, 1))[..., None]
            pasted[band.slices] = added(pasted[band.slices], change)
    return pasted


def kept_detail(face: PlacedFace) -> float:
    """The part, 0 to 1, of the finest detail of the face's middle that the restorer left where it was.

    The finest is what is lost when half the pixels go, in the crop, or in the photo if that is coarser.
    """
    size = seen_size(face)
    middle = slice(size // 4, size - size // 4)
    before, after = (finest_detail(each, size)[middle, middle] for each in (face.crop.image, face.restored))
    energy = float((before * before).sum())
    return 1.0 if energy == 0 else float(np.clip((before * after).sum() / energy, 0, 1))


def seen_size(face: PlacedFace) -> int:
    """Width in pixels of what there is to see in the crop: fewer than it has where the photo is coarser."""
    return max(8, round(len(face.restored) / max(1.0, scale_of(face.crop.photo_to_crop))))


def finest_detail(picture: Image | Float32[np.ndarray, "s s 3"], size: int) -> Float32[np.ndarray, "size size 3"]:
    """What a picture of that size has more than one of half the size."""
    full = cv2.resize(picture.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    half = cv2.resize(full, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(full - cv2.resize(half, (size, size), interpolation=cv2.INTER_CUBIC))


@dataclass(frozen=True, eq=False)
class Patch:
    """What a face changes on a canvas, and where."""

    face: PlacedFace
    crop_to_canvas: Affine
    region: Region
    """The part of the canvas in which the crop lies."""

    @classmethod
    def of(cls, canvas: Image, face: PlacedFace, upscale: int) -> "Patch":
        """The patch of a face that was cut out of the photo before it was enlarged."""
        crop_to_canvas = then(cv2.invertAffineTransform(face.crop.photo_to_crop), scaling(upscale, upscale))
        return cls(face, crop_to_canvas, Region.around(crop_to_canvas, len(face.restored)).within(canvas))

    def bands(self) -> Iterator[Region]:
        """Its region, some rows at a time."""
        for top in range(self.region.top, self.region.bottom, BAND_HEIGHT):
            yield Region(self.region.left, top, self.region.right, min(top + BAND_HEIGHT, self.region.bottom))

    def change(self, canvas: Image, part: Region) -> Float32[np.ndarray, "rows columns 3"]:
        """What is to be added to a part of the canvas."""
        before = self.face.crop.image.astype(np.float32)
        change = self._warped(self.face.restored - before, part)
        if self.detail == 1:
            return change
        return np.asarray(change - (1 - self.detail) * (canvas[part.slices] - self._warped(before, part)))

    @cached_property
    def detail(self) -> float:
        """How much stays of what is finer than the crop."""
        return max(self.face.grain, kept_detail(self.face))

    def weight(self, part: Region) -> Float[np.ndarray, "h w"]:
        """How much of the change each pixel of a part of the canvas takes; nothing outside a crop that fades.

        Computed there rather than warped from the crop, so that it is smooth and ends where the crop does at any scale.
        """
        height, width = part.bottom - part.top, part.right - part.left
        weight = self._square(part) if self.face.fades else np.ones((height, width), np.float32)
        if self.face.mask is None:
            return weight
        return weight * self._warped(self.face.mask.astype(np.float32), part).clip(0, 1)

    def _square(self, part: Region) -> Float[np.ndarray, "h w"]:
        x, y = np.arange(part.left, part.right), np.arange(part.top, part.bottom)[:, None]
        size = len(self.face.restored)
        (xx, xy, x0), (yx, yy, y0) = cv2.invertAffineTransform(self.crop_to_canvas).astype(np.float32)
        return fade(xx * x + xy * y + x0, size) * fade(yx * x + yy * y + y0, size)

    def _warped(self, picture: Float32[np.ndarray, "_ _ ..."], part: Region) -> Float32[np.ndarray, "_ _ ..."]:
        to_part = then(self.crop_to_canvas, shift(-part.left, -part.top))
        return warped(picture, to_part, part.right - part.left, part.bottom - part.top, cv2.BORDER_REPLICATE)


def fade(position: Float[np.ndarray, "h w"], size: int) -> Float[np.ndarray, "h w"]:
    """From 0 at both borders of a crop to 1 inside, without a corner at either end."""
    depth = (np.minimum(position + 0.5, size - 0.5 - position) / (FADE * size)).clip(0, 1)
    return np.asarray(depth * depth * (3 - 2 * depth))


def added(image: Image, change: Float[np.ndarray, "h w 3"]) -> Image:
    """Rounded, and cut off at black and white."""
    return np.asarray(np.rint(image + change).clip(0, 255).astype(np.uint8))
