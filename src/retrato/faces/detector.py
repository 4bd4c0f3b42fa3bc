"""Where the faces of a photo are, and what every kind of detector needs to say so."""

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, Int

from retrato.faces.face import Face
from retrato.images.resizing import Resized
from retrato.shapes import Image

Boxes = Float[np.ndarray, "n 4"]
"""Left, top, right, bottom; as in `Box`, 0 is the left edge of the first pixel and 1 its right edge."""
Kept = Float[np.ndarray, "kept 4"]
"""Some of the boxes."""
Scores = Float[np.ndarray, " n"]


@runtime_checkable
class FaceDetector(Protocol):
    """Finds the faces of a photo."""

    def __call__(self, image: Image) -> list[Face]:
        """Every face once, the largest first; also those that cannot be restored (`plausible.why_implausible`)."""
        ...


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
