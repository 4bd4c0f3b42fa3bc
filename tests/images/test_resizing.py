import io

import cv2
import numpy as np
import pytest

from retrato.images.decoding import decode_photo
from retrato.images.encoding import encode_photo
from retrato.images.photo import Colours, Photo, StoredPixels
from retrato.images.resizing import enlarge, enlarge_photo, resize


@pytest.fixture
def image():
    rows, columns = np.mgrid[0:24, 0:32]
    return np.dstack([rows * 10, columns * 7, (rows + columns) * 4]).astype(np.uint8)


def test_a_picture_gets_the_size_that_was_asked_for(image):
    assert resize(image, 50, 20).shape == (20, 50, 3)


def test_enlarging_multiplies_both_sides(image):
    assert enlarge(image, 2).shape == (48, 64, 3)


def test_a_factor_need_not_be_whole(image):
    assert enlarge(image, 1.5).shape == (36, 48, 3)


def test_the_same_size_changes_nothing(image):
    assert np.array_equal(resize(image, 32, 24), image)


def test_enlarging_agrees_with_another_library(image):
    expected = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(enlarge(image, 2)[inside].astype(int) - expected[inside]).max() <= 2


def test_the_original_stays_as_it_was(image):
    before = image.copy()
    enlarge(image, 2)[:] = 0
    assert np.array_equal(image, before)


def test_transparency_grows_with_the_photo(image):
    alpha = np.zeros((24, 32), np.uint8)
    alpha[:, 16:] = 255
    larger = enlarge_photo(Photo(image, alpha=alpha), 2)
    assert larger.alpha.shape == (48, 64)
    assert (larger.alpha[:, 0].max(), larger.alpha[:, -1].min()) == (0, 255)


def test_an_enlarged_photo_keeps_what_its_file_knew(image):
    larger = enlarge_photo(Photo(image, format="JPEG", exif=b"Exif", xmp=b"<x/>"), 2)
    assert (larger.format, larger.exif, larger.xmp, larger.alpha) == ("JPEG", b"Exif", b"<x/>", None)


def test_sixteen_bit_pixels_are_enlarged_in_their_own_depth(image):
    deep = image.astype(np.uint16) * 257 + 77
    larger = enlarge_photo(Photo(image, stored=StoredPixels(deep, Colours.RGB)), 2)
    expected = cv2.resize(deep, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(larger.stored.values[inside].astype(int) - expected[inside]).max() <= 2 * 257
    assert np.array_equal(larger.image, larger.stored.values >> 8)


def test_a_picture_without_pixels_is_refused(image):
    with pytest.raises(ValueError, match="at least 1 x 1"):
        enlarge(image, 0.01)


def test_what_another_upscaler_draws_is_written_in_sixteen_bits(image):
    deep = image.astype(np.uint16) * 257 + 77
    photo = Photo(image, stored=StoredPixels(deep, Colours.RGB))
    larger = enlarge_photo(photo, 2, lambda image, factor: np.repeat(np.repeat(image, factor, 0), factor, 1))
    back = decode_photo(io.BytesIO(encode_photo(larger, "PNG")))
    assert back.stored.bits == 16
    assert np.abs(back.image.astype(int) - larger.image).max() <= 1
