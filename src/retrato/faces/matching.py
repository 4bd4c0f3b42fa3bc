"""A restored face made to belong to its photo: the same colour, and the grain of what is around it."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from retrato.faces.paste import PlacedFace, finest_detail, seen_size
from retrato.shapes import Image

Layer = Float32[np.ndarray, "s s 3"]

GRAIN = 0.5
"""How much of the photo's grain stays in its faces unless somebody says otherwise."""
GRAIN_OF_NORMAL = 1.4826
"""From the median of absolute values to the standard deviation of a normal distribution."""
AROUND = 1.5
"""From this `distance` on it is the surroundings."""
LEAST_GRAIN = 1.0
"""Levels, of 255; what is finer than that nobody sees."""


def matched(face: PlacedFace, grain: float) -> PlacedFace:
    """The face in the colour that it had, with that part, 0 to 1, of the grain around it, and in an oval.

    A face that is the whole picture, and need not fade, has no surroundings to match.
    """
    if not face.fades:
        return face
    coloured = with_its_colour(face.restored, face.crop.image)
    grainy = with_its_grain(coloured, face.crop.image, seen_size(face), grain)
    is_grainy = grainy is not coloured
    head = oval(len(face.restored))
    return replace(
        face,
        restored=np.rint(grainy).clip(0, 255).astype(np.uint8),
        mask=head if face.mask is None else face.mask * head,
        grain=grain if is_grainy else 0.0,
    )


def with_its_colour(restored: Image, crop: Image) -> Layer:
    """The restored face with the mean colour that the face had: a restorer knows no better than the photo."""
    middle = distance(len(crop)) <= 1
    return restored + (crop[middle].mean(0) - restored[middle].mean(0)).astype(np.float32)


def with_its_grain(restored: Layer, crop: Image, size: int, part: float) -> Layer:
    """The restored face with some of its own grain left, so that it is not smoother than what is around it.

    The grain is the photo's, none is invented: the finest detail that the restorer took out comes back as far as it is
    needed to have in the face that part of the grain of its surroundings, and all of it in the surroundings themselves.

    Args:
        restored: what the restorer drew.
        crop: what it was given.
        size: width in pixels that the crop has in the photo: what is finer than that shows no grain.
        part: of the grain of the surroundings, 0 to 1.
    """
    before, after = finest_detail(crop, size), finest_detail(restored, size)
    away = distance(size)
    face, around = away <= 1, away >= AROUND
    wanted = grain_of(before[around])
    if wanted < LEAST_GRAIN:
        return restored
    taken = before - after
    in_face = returned_part(part * wanted, grain_of(after[face]), grain_of(taken[face]))
    in_surroundings = returned_part(wanted, grain_of(after[around]), grain_of(taken[around]))
    outward = ((away - 1) / (AROUND - 1)).clip(0, 1)[..., None]
    grain = (in_face + (in_surroundings - in_face) * outward) * taken
    return restored + cv2.resize(grain, restored.shape[:2], interpolation=cv2.INTER_LINEAR)


def returned_part(wanted: float, there: float, taken: float) -> float:
    """How much of the grain that was taken out, 0 to 1, is to come back; variances add up."""
    missing = wanted**2 - there**2
    return 0.0 if missing <= 0 or taken == 0 else min(1.0, missing**0.5 / taken)


def grain_of(detail: Float32[np.ndarray, "n 3"]) -> float:
    """The standard deviation of noise in levels; edges, which are few, hardly count."""
    return float(GRAIN_OF_NORMAL * np.median(np.abs(detail)))


def distance(size: int) -> Float32[np.ndarray, "size size"]:
    """How far each pixel of an aligned crop is from the face's middle: 1 at brow and chin, 1.8 at the crop's sides."""
    position = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.hypot((position - 0.5) / 0.28, (position[:, None] - 0.57) / 0.3)


def oval(size: int) -> Float32[np.ndarray, "size size"]:
    """1 on the head and its hair, 0 in the corners of a crop, where there are shoulders and background."""
    position = (np.arange(size, dtype=np.float32) + 0.5) / size
    depth = ((1.04 - np.hypot((position - 0.5) / 0.5, (position[:, None] - 0.5) / 0.52)) / 0.24).clip(0, 1)
    return np.asarray(depth * depth * (3 - 2 * depth))
