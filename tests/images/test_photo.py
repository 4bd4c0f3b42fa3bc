import numpy as np
import pytest

from retrato.images.photo import Photo

SMALL = np.zeros((2, 3, 3), np.uint8)


def test_a_photo_knows_its_width_and_height():
    photo = Photo(SMALL)
    assert (photo.width, photo.height) == (3, 2)


def test_a_photo_with_other_pixels_keeps_what_its_file_knew():
    photo = Photo(SMALL, format="JPEG", exif=b"Exif", icc_profile=b"profile")
    changed = photo.with_image(np.ones((4, 6, 3), np.uint8))
    assert (changed.width, changed.format, changed.exif, changed.icc_profile) == (6, "JPEG", b"Exif", b"profile")


def test_a_transparent_photo_refuses_pixels_of_another_size():
    photo = Photo(SMALL, alpha=np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match="does not fit"):
        photo.with_image(np.ones((4, 6, 3), np.uint8))
