import cv2
import numpy as np
import pytest

from retrato.faces.face import FaceCrop
from retrato.faces.matching import distance, grain_of, matched, oval
from retrato.faces.paste import PlacedFace, finest_detail

SIZE = 128
HERE = np.array([[1.0, 0, 0], [0, 1, 0]])


@pytest.fixture
def smooth():
    """A face without grain: colours that change slowly."""
    small = np.random.default_rng(0).integers(90, 160, (4, 4, 3), dtype=np.uint8)
    return cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def grainy(smooth):
    grain = np.random.default_rng(1).normal(0, 10, (SIZE, SIZE, 1))
    return (smooth + grain).round().clip(0, 255).astype(np.uint8)


def grain_in_face(image, size=SIZE):
    return grain_of(finest_detail(image, size)[distance(size) <= 1])


def placed(crop, restored, **how):
    return PlacedFace(FaceCrop(crop, HERE), restored, **how)


def test_grain_is_the_deviation_of_noise():
    noise = np.random.default_rng(0).normal(0, 7, (10_000, 3)).astype(np.float32)
    assert grain_of(noise) == pytest.approx(7, rel=0.03)


@pytest.mark.parametrize("part", [0.5, 1.0])
def test_a_smooth_face_in_a_grainy_photo_gets_that_part_of_the_grain_back(smooth, grainy, part):
    face = matched(placed(grainy, smooth), part)
    assert grain_in_face(face.restored) == pytest.approx(part * grain_in_face(grainy), rel=0.12)


def test_without_grain_the_face_is_smooth_and_its_surroundings_are_not(smooth, grainy):
    face = matched(placed(grainy, smooth), 0.0)
    detail, away = finest_detail(face.restored, SIZE), distance(SIZE)
    assert grain_of(detail[away <= 1]) < 1
    assert grain_of(detail[away >= 1.5]) == pytest.approx(grain_of(finest_detail(grainy, SIZE)[away >= 1.5]), rel=0.1)


def test_the_grain_is_the_photos_own(smooth, grainy):
    added = matched(placed(grainy, smooth), 1.0).restored.astype(float) - smooth
    removed = grainy.astype(float) - smooth
    inside = distance(SIZE) <= 1
    assert np.corrcoef(added[inside].ravel(), removed[inside].ravel())[0, 1] > 0.8


def test_a_photo_without_grain_gets_none(smooth):
    brighter = smooth + np.uint8(9)
    assert np.array_equal(matched(placed(smooth, brighter), 1.0).restored, smooth)


def test_a_face_that_was_not_changed_stays_as_it_is(grainy):
    assert np.array_equal(matched(placed(grainy, grainy), 0.5).restored, grainy)


def test_a_face_that_is_the_whole_picture_has_nothing_to_match(smooth, grainy):
    face = placed(grainy, smooth, fades=False)
    assert matched(face, 1.0) is face


def test_the_oval_has_the_head_and_leaves_the_corners():
    mask = oval(SIZE)
    assert mask[SIZE // 2, SIZE // 2] == 1
    assert mask[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert mask[8, SIZE // 2] > 0.9  # hair
