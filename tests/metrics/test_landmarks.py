import math

import numpy as np
import pytest
import torch

from retrato.faces.alignment import template
from retrato.faces.face import Box, Face
from retrato.faces.mtcnn import MTCNNDetector
from retrato.images.tensors import to_pictures
from retrato.metrics.landmarks import FiveLandmarkDistance


def face(landmarks):
    return Face(Box(0, 0, 10, 10), landmarks, 1.0)


class Scripted:
    """Finds what it was told to, picture after picture."""

    def __init__(self, *findings):
        self.findings = list(findings)

    def __call__(self, image):
        return self.findings.pop(0)


PICTURES = torch.zeros(1, 3, 256, 256)
PLACES = template(256)


def test_is_counted_in_pixels_of_a_crop_of_512():
    moved = PLACES + np.array([3.0, 4.0])
    measure = FiveLandmarkDistance(Scripted([face(moved)], [face(PLACES)]))
    assert measure(PICTURES, PICTURES).tolist() == pytest.approx([10])


def test_of_several_faces_the_one_in_its_place_counts():
    measure = FiveLandmarkDistance(Scripted([face(PLACES + 80), face(PLACES)], [face(PLACES)]))
    assert measure(PICTURES, PICTURES).tolist() == [0]


def test_has_no_number_where_no_face_is_found():
    measure = FiveLandmarkDistance(Scripted([], [face(PLACES)]))
    assert math.isnan(measure(PICTURES, PICTURES).item())


def test_a_real_face_moved_by_eight_pixels_is_eight_pixels_away(astronaut):
    crop = astronaut[0:256, 96:352]
    moved = astronaut[0:256, 88:344]
    distance = FiveLandmarkDistance(MTCNNDetector.bundled())(to_pictures([moved]), to_pictures([crop])).item()
    assert distance == pytest.approx(8 * 2, abs=2.5)
