from dataclasses import replace

import cv2
import matplotlib.cbook
import numpy as np
import pytest
import skimage.data
import torch

from retrato.faces.detector import MTCNNConfig, MTCNNDetector, cut_window, is_plausible, keep_best
from retrato.faces.face import Box, Face

FRONTAL = np.array([(93.0, 117.0), (156.0, 117.0), (125.0, 155.0), (98.0, 183.0), (153.0, 183.0)])
"""Landmarks of a face in a box from (60, 40) to (190, 220)."""
EYES = np.array([(102.5, 80.5), (147.0, 82.0)])
"""Of the astronaut, in `portrait`; marked by hand."""
HOPPER_EYES = np.array([(221.0, 190.5), (305.0, 185.0)])
"""Of Grace Hopper; marked by hand."""


@pytest.fixture(scope="module")
def find_faces() -> MTCNNDetector:
    return MTCNNDetector.bundled(torch.device("cpu"))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """The astronaut's head."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:240, 100:320])


def face(landmarks: np.ndarray = FRONTAL, box: Box = Box(60.0, 40.0, 190.0, 220.0)) -> Face:  # noqa: B008
    return Face(box, landmarks, 1.0)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle, centre = np.deg2rad(degrees), points.mean(axis=0)
    return (points - centre) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + centre


def test_a_face_is_found_where_it_is(find_faces, portrait):
    (found,) = find_faces(portrait)
    assert np.abs(found.landmarks[:2] - EYES).max() < 4
    assert found.box.left < EYES[0, 0] < EYES[1, 0] < found.box.right
    assert found.score > 0.9


def test_a_face_in_uniform_is_found_too(find_faces):
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        encoded = np.frombuffer(file.read(), np.uint8)
    hopper = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    faces = find_faces(hopper)
    assert len(faces) == 1
    assert np.abs(faces[0].landmarks[:2] - HOPPER_EYES).max() < 10


@pytest.mark.parametrize("scale", [0.25, 0.5, 2, 5])
def test_a_face_is_found_in_the_same_place_at_every_size(find_faces, portrait, scale):
    size = round(220 * scale)
    picture = cv2.resize(portrait, (size, size), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    (found,) = find_faces(picture)
    expected = (EYES + 0.5) * scale - 0.5
    assert np.abs(found.landmarks[:2] - expected).max() < 5 * scale


def test_a_mirrored_face_has_mirrored_landmarks(find_faces, portrait):
    (straight,), (mirrored,) = find_faces(portrait), find_faces(np.ascontiguousarray(portrait[:, ::-1]))
    expected = straight.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (219, 0)
    assert np.abs(mirrored.landmarks - expected).max() < 4


def test_several_faces_come_largest_first(find_faces, portrait):
    canvas = np.full((220, 480, 3), 128, np.uint8)
    canvas[:110, :110] = cv2.resize(portrait, (110, 110), interpolation=cv2.INTER_AREA)
    canvas[:, 260:] = portrait
    large, small = find_faces(canvas)
    assert large.box.area > small.box.area
    assert small.landmarks[0, 0] < 110 < large.landmarks[0, 0]


def test_a_face_that_is_partly_outside_the_picture_is_found(find_faces, portrait):
    (found,) = find_faces(np.ascontiguousarray(portrait[60:, :170]))
    assert np.abs(found.landmarks[:2] - (EYES - (0, 60))).max() < 5


@pytest.mark.parametrize(
    "image", [skimage.data.coins()[:200, :200], np.zeros((90, 60), np.uint8)], ids=["coins", "black"]
)
def test_no_face_is_found_where_there_is_none(find_faces, image):
    assert find_faces(np.stack([image] * 3, axis=2)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 7)])
def test_pictures_too_small_for_a_face_have_none(find_faces, shape):
    assert find_faces(np.full((*shape, 3), 90, np.uint8)) == []


def test_the_size_of_a_batch_changes_nothing(find_faces, portrait):
    one_by_one = MTCNNDetector(find_faces.network, MTCNNConfig(batch_size=7))
    (expected,), (found,) = find_faces(portrait), one_by_one(portrait)
    assert np.allclose(found.landmarks, expected.landmarks, atol=1e-3)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -100])
def test_a_tilted_face_is_plausible(degrees):
    box = Box(50.0, 60.0, 200.0, 240.0) if degrees in (0, 180) else Box(35.0, 60.0, 215.0, 240.0)
    assert is_plausible(face(turned(FRONTAL, degrees), box))


def test_a_face_turned_halfway_to_the_side_is_plausible():
    landmarks = FRONTAL.copy()
    landmarks[:, 0] = (110, 152, 155, 112, 150)
    assert is_plausible(face(landmarks))


@pytest.mark.parametrize(
    ("landmarks", "why"),
    [
        (FRONTAL[[1, 0, 2, 4, 3]], "eyes and mouth are mirrored"),
        (FRONTAL[[0, 1, 2, 4, 3]], "the mouth is mirrored"),
        (FRONTAL + np.array([(0, 0), (0, 0), (0, 40), (0, 0), (0, 0)]), "the nose is below the mouth"),
        (FRONTAL - np.array([(0, 0), (0, 0), (0, 40), (0, 0), (0, 0)]), "the nose is above the eyes"),
        (FRONTAL + np.array([(0, 0), (0, 0), (60, 0), (0, 0), (0, 0)]), "the nose is beside the eyes"),
        (FRONTAL * (0.2, 1) + (100, 0), "the face is in profile"),
        (FRONTAL - (-90, 0), "the landmarks are outside the box"),
        (np.full((5, 2), 120.0), "all landmarks are in one place"),
        (np.full((5, 2), np.nan), "the landmarks are no numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_landmarks_are_implausible_where(landmarks, why):
    assert not is_plausible(face(landmarks))


def test_eyes_less_than_five_pixels_apart_are_too_close():
    assert is_plausible(face(FRONTAL / 10, Box(6.0, 4.0, 19.0, 22.0)))
    assert not is_plausible(face(FRONTAL / 13, Box(60 / 13, 40 / 13, 190 / 13, 220 / 13)))


def test_eyes_far_too_close_for_the_box_are_implausible():
    assert not is_plausible(replace(face(), box=Box(0.0, 0.0, 600.0, 600.0)))


def test_of_boxes_that_share_much_only_the_best_is_kept():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 0, 30, 10]], dtype=float)
    assert keep_best(boxes, np.array([0.7, 0.9, 0.8]), 0.5).tolist() == [1, 2]


def test_a_box_within_a_box_is_the_same_face_only_if_the_smaller_counts():
    boxes = np.array([[0, 0, 30, 30], [5, 5, 15, 15]], dtype=float)
    scores = np.array([0.9, 0.8])
    assert keep_best(boxes, scores, 0.7).tolist() == [0, 1]
    assert keep_best(boxes, scores, 0.7, of_smaller=True).tolist() == [0]


def test_no_boxes_are_kept_of_none():
    assert keep_best(np.empty((0, 4)), np.empty(0), 0.5).size == 0


def test_a_window_beyond_the_picture_is_grey_there():
    image = np.full((10, 10, 3), 200, np.uint8)
    window = cut_window(image, np.array([-10.0, 0.0, 10.0, 20.0]), 4)
    assert (window[:2, 2:] == 200).all()
    assert (window[2:] == 128).all()
    assert (window[:, :2] == 128).all()


def test_a_window_wholly_beyond_the_picture_is_grey():
    assert (cut_window(np.zeros((10, 10, 3), np.uint8), np.array([-30.0, 50.0, -10.0, 70.0]), 4) == 128).all()
