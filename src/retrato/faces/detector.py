"""Where the faces of a photo are, and what every kind of detector needs to say so."""

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, Int

from retrato.faces.face import Box, Face
from retrato.images.resizing import Resized
from retrato.shapes import Image, Landmarks

Boxes = Float[np.ndarray, "n 4"]
"""Left, top, right, bottom; as in `Box`, 0 is the left edge of the first pixel and 1 its right edge."""
Kept = Float[np.ndarray, "kept 4"]
"""Some of the boxes."""
Scores = Float[np.ndarray, " n"]

LEAST_EYE_DISTANCE = 5
"""Pixels of the photo between the eyes; a smaller face has nothing to restore (as published)."""


@runtime_checkable
class FaceDetector(Protocol):
    """Finds the faces of a photo."""

    def __call__(self, image: Image) -> list[Face]:
        """Every face once, the largest first."""
        ...


def is_plausible(face: Face) -> bool:
    """Whether the landmarks can be those of a face that can be set upright; how it is tilted makes no difference.

    Measured along the face's own axes: down from the eyes to the mouth, and across. A face turned so far to the side
    that one eye hides the other is refused, for no rotation sets it upright.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = face.landmarks
    down = (left_mouth + right_mouth - left_eye - right_eye) / 2
    height, eye_distance = float(np.hypot(*down)), float(np.hypot(*(right_eye - left_eye)))
    if height == 0 or eye_distance < LEAST_EYE_DISTANCE:
        return False
    axes = np.stack([[down[1], -down[0]], down]) / height**2
    across, along = axes @ (face.landmarks - (left_eye + right_eye) / 2).T  # in heights from eyes to mouth
    return bool(
        0.35 <= across[1] - across[0] <= 2.5  # frontal: 0.96
        and across[3] < across[4]
        and 0.05 <= along[2] <= 0.95  # frontal: 0.56
        and across[0] - 0.15 <= across[2] <= across[1] + 0.15
        and 0.15 <= eye_distance / np.sqrt(face.box.area) <= 0.9  # frontal: 0.4
        and lies_within(face.landmarks, face.box, 0.15)
    )


def lies_within(landmarks: Landmarks, box: Box, margin: float) -> bool:
    """Whether all landmarks are in the box, made larger on each side by `margin` of its width and height."""
    room = margin * np.array([box.width, box.height])
    return bool(
        np.all(landmarks >= np.array([box.left, box.top]) - room)
        and np.all(landmarks <= np.array([box.right, box.bottom]) + room)
    )


def keep_best(boxes: Boxes, scores: Scores, most: float, *, of_smaller: bool = False) -> Int[np.ndarray, " kept"]:
    """Indices of the boxes that no better one covers, the best first.

    A box is covered if what it shares with a better one is more than `most` of their union, or of the smaller of them.
    """
    kept = []
    left = np.argsort(-scores, kind="stable")
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[shared(boxes[best], boxes[left], of_smaller=of_smaller) <= most]
    return np.array(kept, dtype=np.int64)


def shared(box: Float[np.ndarray, "4"], boxes: Boxes, *, of_smaller: bool) -> Scores:
    """What each of the boxes shares with one box, as a part of their union or of the smaller."""
    corner, opposite = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    intersection = np.prod(np.maximum(opposite - corner, 0), axis=1)
    area, areas = np.prod(box[2:] - box[:2]), np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(intersection / (np.minimum(area, areas) if of_smaller else area + areas - intersection))


def resized(image: Image, scale: float) -> Resized:
    """The whole picture, smaller or larger."""
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    return resized_to(image, height, width)


def resized_to(image: Image, height: int, width: int) -> Resized:
    """Averages over areas where it shrinks."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
