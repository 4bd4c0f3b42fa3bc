import numpy as np
import pytest

from retrato.faces.alignment import mapped
from retrato.faces.face import Box, Face
from retrato.faces.mtcnn import MTCNNDetector
from retrato.faces.turning import TurningDetector, quarter_turns, turned_by, without_doubles

UPRIGHT = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])


def face(landmarks, side=40.0, score=1.0):
    x, y = landmarks.mean(0)
    return Face(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), landmarks, score)


@pytest.fixture(scope="module")
def find_faces():
    return MTCNNDetector.bundled()


@pytest.mark.parametrize("degrees", [75, 90, 180, 240])
def test_a_face_is_found_at_any_angle_where_it_is(find_faces, astronaut, degrees):
    (upright,) = find_faces(astronaut)
    turned, back = turned_by(astronaut, degrees)
    found = max(TurningDetector(find_faces)(turned), key=lambda face: face.score)
    distances = np.linalg.norm(mapped(found.landmarks, back) - upright.landmarks, axis=1)
    assert distances.max() < 0.1 * upright.box.width


def test_upright_faces_are_enough_unless_all_are_looked_for(astronaut):
    asked = []

    def find(image):
        asked.append(image.shape)
        return [face(30 + 20 * UPRIGHT)]

    TurningDetector(find)(astronaut)
    assert len(asked) == 1
    TurningDetector(find, always=True)(astronaut)
    assert len(asked) == 9


def test_around_a_doubtful_face_the_picture_is_turned_alone(astronaut):
    asked = []

    def find(image):
        asked.append(image.shape[:2])
        sure = face(400 + 20 * UPRIGHT)
        return [sure, face(30 + 20 * UPRIGHT, score=0.8)] if len(asked) == 1 else [face(80 + 10 * UPRIGHT, 20)]

    found = TurningDetector(find)(astronaut)
    assert asked[0] == (512, 512)
    assert max(max(each) for each in asked[1:]) < 200
    assert [each.score for each in found] == [1.0] * len(found)


def test_turned_pictures_need_a_surer_detector(astronaut):
    def find(image):
        return [] if image is astronaut else [face(30 + 20 * UPRIGHT, score=0.9)]

    assert TurningDetector(find)(astronaut) == []


def test_a_face_that_is_seen_at_several_angles_is_one():
    faces = [face(30 + 20 * UPRIGHT, score=0.8), face(33 + 20 * UPRIGHT, score=0.99), face(200 + 20 * UPRIGHT, 60)]
    kept = without_doubles(faces)
    assert [each.score for each in kept] == [1.0, 0.99]
    assert without_doubles([]) == []


def test_a_turned_picture_is_whole_and_comes_back(astronaut):
    turned, back = turned_by(astronaut, 90)
    assert np.array_equal(turned, np.rot90(astronaut))
    assert mapped(np.array([[0.0, 0.0]]), back)[0].round().tolist() == [511, 0]


@pytest.mark.parametrize(("quarters", "needed"), [(0, 0), (1, 3), (2, 2), (3, 1)])
def test_how_a_photo_has_to_be_turned(quarters, needed):
    points = UPRIGHT
    for _ in range(quarters):  # against the clock, as np.rot90
        points = np.stack([points[:, 1], 1 - points[:, 0]], axis=1)
    assert quarter_turns([face(30 + 20 * points)]) == needed


def test_the_larger_faces_decide():
    upside_down = 30 - 20 * UPRIGHT
    assert quarter_turns([face(upside_down, 200), face(UPRIGHT * 20, 100), face(300 + UPRIGHT * 20, 100)]) == 2
    assert quarter_turns([]) == 0
