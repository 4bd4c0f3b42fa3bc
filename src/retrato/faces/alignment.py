"""Faces cut out upright: eyes, nose and mouth always in the same places, as in FFHQ (Karras et al., 2019)."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Shaped, UInt8

from retrato.errors import UnusableFace
from retrato.faces.face import FaceCrop
from retrato.shapes import Affine, Image, Landmarks

FFHQ_LANDMARKS = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ]
)
"""Where the landmarks of an upright face are in a crop of 512 px (facexlib, from FFHQ's own alignment)."""

Pixels = Shaped[np.ndarray, "_ _ ..."]
"""Any kind of number, one or several for each pixel."""


def cut_out(image: Image, landmarks: Landmarks, size: int) -> FaceCrop:
    """The face upright, `size` px wide and high.

    Where the crop reaches beyond the photo, the photo is mirrored: skin and background go on, whereas black would put
    an edge beside the face that no restorer has met in training. Only the face's own part of the photo is touched.

    Raises:
        UnusableFace: the landmarks do not make a face, or it lies outside the photo.
    """
    to_crop = photo_to_crop(landmarks, size)
    crop = _cut(image, to_crop, size)
    if crop is None:
        raise UnusableFace(f"the face lies outside the photo: its landmarks are {landmarks.tolist()}")
    return FaceCrop(crop, to_crop)


def cut_again(enlarged: Image, crop: FaceCrop, upscale: int) -> FaceCrop:
    """The same crop, of the photo that has become `upscale` times as large by whatever means."""
    to_crop = then(scaling(1 / upscale, 1 / upscale), crop.photo_to_crop)
    image = _cut(enlarged, to_crop, len(crop.image))
    return crop if image is None else FaceCrop(image, crop.photo_to_crop)


def _cut(image: Image, to_crop: Affine, size: int) -> UInt8[np.ndarray, "size size 3"] | None:
    """What a crop shows, or nothing where it lies outside the picture."""
    margin = 3 * max(1.0, 1 / scale_of(to_crop))  # what interpolation reads beyond the crop's border
    region = Region.around(cv2.invertAffineTransform(to_crop), size, margin).within(image)
    if region.is_empty:
        return None
    part_to_crop = then(shift(region.left, region.top), to_crop)
    return warped(image[region.slices], part_to_crop, size, size, cv2.BORDER_REFLECT)


def photo_to_crop(landmarks: Landmarks, size: int) -> Affine:
    """The `closest_map` that brings the landmarks to their places.

    Its median lets a landmark be wrong, a mouth corner behind a hand, without tilting the face.

    Raises:
        UnusableFace: no such map brings them anywhere near, or all of them lie in one place.
    """
    places = template(size)
    affine = closest_map(landmarks, places)
    errors = np.hypot(*(mapped(landmarks, affine) - places).T)
    if np.sort(errors)[-2] > size / 8:  # one may be wrong
        raise UnusableFace(f"the landmarks {landmarks.tolist()} are not those of a face")
    return affine


def closest_map(landmarks: Landmarks, places: Landmarks) -> Affine:
    """The rotation, scaling and shift that bring the landmarks closest to these places, by least median of squares.

    Raises:
        UnusableFace: there is none, or all landmarks lie in one place.
    """
    spread = np.ptp(landmarks, axis=0).max()
    affine: Affine | None = cv2.estimateAffinePartial2D(landmarks, places, method=cv2.LMEDS)[0] if spread >= 1 else None
    if affine is None or not np.isfinite(affine).all():
        raise UnusableFace(f"no face can be set upright by the landmarks {landmarks.tolist()}")
    return affine


def template(size: int) -> Landmarks:
    """Where the landmarks belong in a crop of that size.

    Scaled about the picture's corner, not about the centre of its first pixel, so that a small crop is exactly the
    large one with neighbouring pixels averaged. At 512 px these are the published numbers.
    """
    return mapped(FFHQ_LANDMARKS, scaling(size / 512, size / 512))


@dataclass(frozen=True)
class Region:
    """Rows and columns of a picture; `right` and `bottom` are just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, crop_to_picture: Affine, size: int, margin: float = 0.0) -> "Region":
        """What a crop of that size covers, and `margin` pixels more on each side."""
        edges = np.array([(0, 0), (size, 0), (size, size), (0, size)]) - 0.5
        corners = mapped(edges, crop_to_picture) + 0.5
        left, top = np.floor(corners.min(axis=0) - margin).astype(int).tolist()
        right, bottom = np.ceil(corners.max(axis=0) + margin).astype(int).tolist()
        return cls(left, top, right, bottom)

    def within(self, image: Image) -> "Region":
        """The part of it that lies in the picture."""
        height, width = image.shape[:2]
        return Region(max(self.left, 0), max(self.top, 0), min(self.right, width), min(self.bottom, height))

    def shared_with(self, other: "Region") -> "Region":
        """The pixels that both have; maybe none."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Region(left, top, min(self.right, other.right), min(self.bottom, other.bottom))

    def touches(self, other: "Region") -> bool:
        """Whether they have pixels in common."""
        return not self.shared_with(other).is_empty

    @property
    def is_empty(self) -> bool:
        """Whether no pixel lies in it."""
        return self.right <= self.left or self.bottom <= self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def warped(picture: Pixels, affine: Affine, width: int, height: int, border: int) -> Pixels:
    """The picture as `affine` maps it, with OpenCV's `border` around it.

    Where that makes it smaller, blocks of whole pixels are averaged first, and four pixels of the result are computed
    for each: a cubic alone would skip pixels and turn grain into patterns.
    """
    block = int(1 / scale_of(affine))
    if block > 1:
        old_height, old_width = picture.shape[:2]
        new_height, new_width = -(-old_height // block), -(-old_width // block)
        picture = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_AREA)
        affine = then(scaling(old_width / new_width, old_height / new_height), affine)
    finer = 1 if scale_of(affine) >= 1 else 2
    size, affine = (finer * width, finer * height), then(affine, scaling(finer, finer))
    result = cv2.warpAffine(picture, affine, size, flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA))


def scale_of(affine: Affine) -> float:
    """How many pixels one pixel becomes, in length."""
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


def mapped(points: Float[np.ndarray, "n 2"], affine: Affine) -> Float[np.ndarray, "n 2"]:
    """Where the points go."""
    return np.asarray(points @ affine[:, :2].T + affine[:, 2])


def then(first: Affine, second: Affine) -> Affine:
    """One after the other."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def shift(x: float, y: float) -> Affine:
    """By so many pixels."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def scaling(x: float, y: float) -> Affine:
    """A picture's enlargement; its corner stays, so the centre of its first pixel moves."""
    return np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2]])
