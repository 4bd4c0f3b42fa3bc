import cv2
import matplotlib.cbook
import numpy as np
import pytest
import skimage.data
import torch

from retrato.faces.mtcnn import MTCNNConfig, MTCNNDetector, cut_window

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


def test_a_window_beyond_the_picture_is_grey_there():
    image = np.full((10, 10, 3), 200, np.uint8)
    window = cut_window(image, np.array([-10.0, 0.0, 10.0, 20.0]), 4)
    assert (window[:2, 2:] == 200).all()
    assert (window[2:] == 128).all()
    assert (window[:, :2] == 128).all()


def test_a_window_wholly_beyond_the_picture_is_grey():
    assert (cut_window(np.zeros((10, 10, 3), np.uint8), np.array([-30.0, 50.0, -10.0, 70.0]), 4) == 128).all()
