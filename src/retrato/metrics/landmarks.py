"""Whether the features of a face are where they were."""

import math

import numpy as np
import torch

from retrato.faces.alignment import template
from retrato.faces.detector import FaceDetector
from retrato.images.tensors import to_images
from retrato.shapes import Faces, Image, Landmarks, PerPicture

CROP_SIZE = 512
"""Pixels of a crop in which distances are counted, whatever size the faces have."""


class FiveLandmarkDistance:
    """Mean distance between the five landmarks that a detector finds in both faces.

    Not the LMD of papers, which is of 98 landmarks by another network: five are fewer and coarser, and a detector's own
    noise is a pixel or two.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector

    def __call__(self, faces: Faces, targets: Faces) -> PerPicture:
        """In pixels of a crop of 512 px; nan where no face is found in one of both."""
        scale = CROP_SIZE / faces.shape[-1]
        pairs = zip(to_images(faces), to_images(targets), strict=True)
        return torch.tensor([scale * self._distance(one, other) for one, other in pairs])

    def _distance(self, one: Image, other: Image) -> float:
        found, expected = self._landmarks(one), self._landmarks(other)
        if found is None or expected is None:
            return math.nan
        return float(np.hypot(*(found - expected).T).mean())

    def _landmarks(self, image: Image) -> Landmarks | None:
        """Of the face that is closest to where an aligned face belongs."""
        places = template(len(image))
        found = [face.landmarks for face in self._detector(image)]
        return min(found, key=lambda each: float(np.hypot(*(each - places).T).sum()), default=None)
