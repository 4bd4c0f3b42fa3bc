import numpy as np
import pytest

from retrato.faces.choice import FaceChoice, SharpFaces, Which, part_taken
from retrato.faces.face import Box, Face


def face(left, top, side):
    return Face(Box(left, top, left + side, top + side), np.zeros((5, 2)), 1.0)


FACES = [face(0, 0, 100), face(140, 90, 50), face(300, 10, 20)]
MIDDLE = (160.0, 120.0)


def chosen(choice, usable=(True, True, True)):
    reasons = choice.why_not(FACES, usable, MIDDLE)
    return [number for number, reason in enumerate(reasons, start=1) if reason is None]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ((), [1, 2, 3]),
        ((Which.LARGEST,), [1]),
        ((Which.CENTRE,), [2]),
        ((3,), [3]),
        ((1, 3), [1, 3]),
        ((4,), []),
        ((Box(290, 0, 340, 40),), [3]),
        ((Box(100, 0, 400, 400), Which.LARGEST), [1, 2, 3]),
    ],
)
def test_faces_are_meant_by_what_they_are_by_number_or_by_box(only, expected):
    assert chosen(FaceChoice(only)) == expected


def test_the_largest_is_the_largest_of_those_that_can_be_restored():
    assert chosen(FaceChoice((Which.LARGEST,)), usable=(False, True, True)) == [2]
    assert chosen(FaceChoice((Which.LARGEST,)), usable=(False, False, False)) == []


def test_small_faces_are_left_with_the_reason():
    choice = FaceChoice(smallest=50)
    assert chosen(choice) == [1, 2]
    assert choice.why_not(FACES, [True] * 3, MIDDLE)[2] == "20 pixels wide, and none below 50 are asked for"


@pytest.mark.parametrize(
    ("sharpness", "sharp", "part"),
    [
        (0.9, SharpFaces.RESTORE, 1.0),
        (0.49, SharpFaces.SKIP, 1.0),
        (0.5, SharpFaces.SKIP, 0.0),
        (0.39, SharpFaces.LESS, 1.0),
        (0.45, SharpFaces.LESS, 0.5),
        (0.51, SharpFaces.LESS, 0.0),
    ],
)
def test_of_sharp_faces_less_is_taken_or_nothing(sharpness, sharp, part):
    assert part_taken(sharpness, sharp) == pytest.approx(part)


@pytest.mark.parametrize("options", [{"only": (0,)}, {"smallest": -1}, {"smallest": float("nan")}])
def test_what_no_face_can_be_is_refused(options):
    with pytest.raises(ValueError, match=r"counted from 1|0 or more"):
        FaceChoice(**options)
