import numpy as np
import pytest

from retrato.images.photo import Colours, Photo, StoredPixels
from retrato.images.turning import turn_photo


@pytest.fixture
def photo():
    rng = np.random.default_rng(0)
    stored = StoredPixels(rng.integers(0, 65535, (20, 30), np.uint16), Colours.GREY)
    image = np.repeat((stored.values >> 8).astype(np.uint8)[..., None], 3, 2)
    return Photo(image, alpha=rng.integers(0, 255, (20, 30), np.uint8), stored=stored, dots_per_inch=(300.0, 600.0))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_all_pixels_turn_together(photo, quarters):
    turned = turn_photo(photo, quarters)
    assert np.array_equal(turned.image, np.rot90(photo.image, quarters))
    assert np.array_equal(turned.alpha, np.rot90(photo.alpha, quarters))
    assert np.array_equal(turned.stored.values, np.rot90(photo.stored.values, quarters))
    assert turned.dots_per_inch == ((600.0, 300.0) if quarters % 2 else (300.0, 600.0))


def test_no_turn_is_the_photo_itself(photo):
    assert turn_photo(photo, 4) is photo


def test_pixels_that_are_held_once_stay_so(photo):
    shared = Photo(photo.image, stored=StoredPixels(photo.image, Colours.RGB))
    turned = turn_photo(shared, 1)
    assert turned.stored.values is turned.image
