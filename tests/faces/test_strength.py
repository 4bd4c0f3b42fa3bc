import numpy as np
import pytest

from retrato.faces.alignment import template
from retrato.faces.strength import Strength

SIZE = 128
LANDMARKS = template(SIZE)


def at(mask, x, y):
    return mask[round(y), round(x)]


def test_where_all_is_taken_there_is_no_mask():
    assert Strength().mask(LANDMARKS, SIZE) is None


def test_each_region_has_its_own_strength():
    mask = Strength(skin=0.25, eyes=1.0, mouth=0.5).mask(LANDMARKS, SIZE)
    left_eye, right_eye, nose, *corners = LANDMARKS
    mouth = np.mean(corners, axis=0)
    assert at(mask, *left_eye) == at(mask, *right_eye) == 1
    assert at(mask, *mouth) == 0.5
    assert mask[0, 0] == 0.25
    assert at(mask, *nose) == pytest.approx(0.25, abs=0.01)


def test_there_is_no_edge_between_regions():
    mask = Strength(skin=0.0).mask(LANDMARKS, SIZE)
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) < 0.4
    assert ((mask > 0.1) & (mask < 0.9)).any()


def test_regions_follow_the_landmarks():
    moved = Strength(skin=0.0, mouth=0.0).mask(LANDMARKS + np.array([0, 10]), SIZE)
    still = Strength(skin=0.0, mouth=0.0).mask(LANDMARKS, SIZE)
    np.testing.assert_allclose(moved[10:], still[:-10], atol=1e-5)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_strength_is_a_part(value):
    with pytest.raises(ValueError, match="eyes must be from 0 to 1"):
        Strength(eyes=value)
