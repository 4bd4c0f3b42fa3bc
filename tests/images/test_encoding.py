import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
from PIL.ExifTags import IFD, Base

from retrato.errors import UnwritableOutput
from retrato.images.decoding import decode_photo
from retrato.images.encoding import IMAGE_SUFFIXES, encode_photo, format_for, suffix_for
from retrato.images.photo import Colours, Photo, StoredPixels


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def read_back(data):
    return decode_photo(io.BytesIO(data))


def camera_exif():
    exif = PIL.Image.Exif()
    exif[Base.Make] = "Leica"
    exif[Base.Orientation] = 1
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "1934:05:06 07:08:09"
    return exif.tobytes()


def srgb_profile():
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_lossless_formats_keep_every_pixel_for_another_library(image, format):
    data = np.frombuffer(encode_photo(Photo(image), format), np.uint8)
    assert np.array_equal(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], image)


def test_jpeg_keeps_colour_at_full_resolution(image):
    with PIL.Image.open(io.BytesIO(encode_photo(Photo(image), "JPEG"))) as picture:
        assert [component[1:3] for component in picture.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_formats_stay_close(format):
    rows, columns = np.mgrid[0:32, 0:32]
    image = np.dstack([rows * 4, columns * 4, (rows + columns) * 2]).astype(np.uint8)
    data = np.frombuffer(encode_photo(Photo(image), format), np.uint8)
    assert np.abs(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(int) - image).mean() < 3


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_and_profile_survive(image, format):
    profile = srgb_profile()
    photo = Photo(image, exif=camera_exif(), stored=StoredPixels(image, Colours.RGB, profile))
    back = read_back(encode_photo(photo, format))
    kept = PIL.Image.Exif()
    kept.load(back.exif)
    assert kept[Base.Make] == "Leica"
    assert kept.get_ifd(IFD.Exif)[Base.DateTimeOriginal] == "1934:05:06 07:08:09"
    assert back.stored.icc_profile == profile


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_transparency_survives(image, format):
    alpha = np.linspace(0, 255, 240).astype(np.uint8).reshape(12, 20)
    assert np.array_equal(read_back(encode_photo(Photo(image, alpha=alpha), format)).alpha, alpha)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_colours_under_full_transparency_stay_as_they_are(image, format):
    photo = Photo(image, alpha=np.zeros((12, 20), np.uint8))
    assert np.array_equal(read_back(encode_photo(photo, format)).image, image)


def test_jpeg_leaves_transparency_out():
    photo = Photo(np.full((8, 8, 3), 90, np.uint8), alpha=np.zeros((8, 8), np.uint8))
    back = read_back(encode_photo(photo, "JPEG"))
    assert back.alpha is None
    assert (back.image == 90).all()


@pytest.mark.parametrize("exif", [None, camera_exif()])
def test_tiff_is_compressed_with_exif_and_without(exif):
    with tifffile.TiffFile(
        io.BytesIO(encode_photo(Photo(np.zeros((100, 100, 3), np.uint8), exif=exif), "TIFF"))
    ) as tiff:
        page = tiff.pages[0]
        assert (page.compression.name, page.tags.get("Make") is not None) == ("ADOBE_DEFLATE", exif is not None)
        assert sum(page.databytecounts) < 1000


def test_exif_too_long_for_jpeg_is_left_out(image):
    exif = PIL.Image.Exif()
    exif[Base.ImageDescription] = "a" * 70_000
    assert read_back(encode_photo(Photo(image, exif=exif.tobytes()), "JPEG")).exif is None


@pytest.mark.parametrize(("format", "side"), [("JPEG", 65_536), ("WEBP", 16_384)])
def test_a_photo_longer_than_the_format_holds_is_refused(format, side):
    with pytest.raises(UnwritableOutput, match="write PNG or TIFF"):
        encode_photo(Photo(np.zeros((1, side, 3), np.uint8)), format)


def test_an_unknown_format_is_refused_with_the_known_ones(image):
    with pytest.raises(UnwritableOutput, match="'GIF'; known formats: JPEG, PNG, WEBP, TIFF, BMP, AVIF, HEIF"):
        encode_photo(Photo(image), "GIF")


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "b.jfif"])
def test_the_format_follows_from_the_ending_in_any_case(name):
    assert format_for(Path(name)) == "JPEG"


@pytest.mark.parametrize("name", ["photo.xyz", "photo"])
def test_an_unknown_ending_is_refused_with_the_known_ones(name):
    with pytest.raises(UnwritableOutput, match=r"use one of \.jpg, \.jpeg.*\.png"):
        format_for(Path(name))


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_every_ending_has_a_format_with_a_usual_ending(suffix):
    format = format_for(Path(f"a{suffix}"))
    assert format_for(Path(f"a{suffix_for(format)}")) == format


def test_the_usual_ending_of_jpeg_is_jpg():
    assert suffix_for("JPEG") == ".jpg"
