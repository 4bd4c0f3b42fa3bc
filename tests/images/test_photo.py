import numpy as np
import pytest

from retrato.images.photo import Colours, Photo, StoredPixels


def test_a_photo_knows_its_size():
    photo = Photo(np.zeros((4, 6, 3), np.uint8))
    assert (photo.width, photo.height) == (6, 4)


def test_stored_pixels_of_another_size_are_refused():
    stored = StoredPixels(np.zeros((2, 3), np.uint8), Colours.GREY)
    with pytest.raises(ValueError, match="use enlarge_photo"):
        Photo(np.zeros((4, 6, 3), np.uint8), stored=stored)
