import numpy as np

from retrato.images.photo import Photo


def test_a_photo_knows_its_size():
    photo = Photo(np.zeros((4, 6, 3), np.uint8))
    assert (photo.width, photo.height) == (6, 4)
