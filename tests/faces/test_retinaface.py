import cv2
import numpy as np
import pytest
import torch

from doubles import REFERENCE
from retrato.faces.retinaface import RetinaFaceDetector, RetinaFaceDetectorConfig
from retrato.networks.retinaface import Backbone, FoundFaces, RetinaFace, RetinaFaceConfig

FACE = np.array([(30.0, 40.0), (70.0, 40.0), (50.0, 60.0), (35.0, 80.0), (65.0, 80.0)])


class Told(RetinaFace):
    """A network that finds what it was told, and remembers the size of what it was shown."""

    def __init__(self, *faces):
        super().__init__(RetinaFaceConfig(Backbone.MOBILENET))
        scores, boxes, landmarks = zip(*faces, strict=True)
        self.found = FoundFaces(
            *(torch.tensor(np.array(each), dtype=torch.float32)[None] for each in (scores, boxes, landmarks))
        )

    def forward(self, pictures):
        self.seen = tuple(pictures.shape[2:])
        return self.found


def face(score=0.99, scale=1.0, shift=0.0):
    return score, np.array([20.0, 20.0, 80.0, 100.0]) * scale + shift, FACE * scale + shift


PHOTO = np.zeros((200, 300, 3), np.uint8)


def test_the_astronaut_is_found_where_the_published_code_finds_her(published, astronaut):
    expected = np.load(REFERENCE / "companions.npz")["astronaut.found"][0]
    (found,) = RetinaFaceDetector.from_weights(published("retinaface-mobilenet0.25"))(astronaut)
    box = (found.box.left, found.box.top, found.box.right, found.box.bottom)
    np.testing.assert_allclose(box, expected[:4], atol=0.01)
    np.testing.assert_allclose(found.landmarks.ravel(), expected[5:], atol=0.01)
    assert found.score == pytest.approx(expected[4], abs=1e-4)


def test_a_larger_photo_is_looked_at_smaller_if_asked_and_finds_the_face_in_its_place(published, astronaut):
    expected = np.load(REFERENCE / "companions.npz")["astronaut.found"][0]
    large = cv2.resize(astronaut, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    bounded = RetinaFaceDetectorConfig(longest_side=512)
    (found,) = RetinaFaceDetector.from_weights(published("retinaface-mobilenet0.25"), config=bounded)(large)
    np.testing.assert_allclose(found.landmarks.ravel(), 3 * expected[5:], atol=6)  # two pixels of what it sees


def test_a_face_has_to_exceed_the_least_score():
    assert RetinaFaceDetector(Told(face(0.969)))(PHOTO) == []
    assert len(RetinaFaceDetector(Told(face(0.971)))(PHOTO)) == 1


def test_of_two_boxes_that_share_more_than_two_fifths_the_surer_is_the_face():
    (found,) = RetinaFaceDetector(Told(face(0.98, shift=3), face(0.99)))(PHOTO)
    assert found.score == pytest.approx(0.99)


def test_several_faces_come_largest_first():
    large, small = RetinaFaceDetector(Told(face(0.99, 0.5), face(0.98, 1.5, 100)))(PHOTO)
    assert large.box.area > small.box.area


def test_eyes_less_than_five_pixels_apart_are_too_close():
    assert RetinaFaceDetector(Told(face(scale=4.9 / 40)))(PHOTO) == []
    assert len(RetinaFaceDetector(Told(face(scale=5.1 / 40)))(PHOTO)) == 1


@pytest.mark.parametrize(
    ("longest", "seen"), [(None, (200, 300)), (300, (200, 300)), (600, (200, 300)), (150, (100, 150))]
)
def test_photos_are_looked_at_as_they_are_or_smaller_but_never_larger(longest, seen):
    network = Told(face())
    RetinaFaceDetector(network, RetinaFaceDetectorConfig(longest_side=longest))(PHOTO)
    assert network.seen == seen


def test_what_is_found_in_a_smaller_picture_is_enlarged():
    bounded = RetinaFaceDetectorConfig(longest_side=150)
    (found,) = RetinaFaceDetector(Told(face()), bounded)(PHOTO)
    np.testing.assert_allclose(found.landmarks, 2 * FACE)
    assert (found.box.left, found.box.bottom) == (40, 200)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200)])
def test_pictures_too_small_for_a_face_have_none(published, shape):
    assert (
        RetinaFaceDetector.from_weights(published("retinaface-mobilenet0.25"))(np.full((*shape, 3), 90, np.uint8)) == []
    )
