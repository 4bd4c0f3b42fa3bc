import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from PIL import IptcImagePlugin
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import get_sampling

from retrato.images.decoding import decode_photo
from retrato.images.encoding import encode, encode_photo
from retrato.images.exif import with_text
from retrato.images.jpeg_files import XMP_START, segment, segments
from retrato.images.metadata import PHOTOSHOP_START, photoshop_with
from retrato.images.photo import Colours, Photo, StoredPixels

IPTC = b"\x1c\x02\x78\x00\x0bGrandmother"


def portrait(height=64, width=48):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([rows * 2 + 60, columns * 2 + 80, rows + columns + 40]).astype(np.uint8)


def jpeg(picture=None, **options):
    file = io.BytesIO()
    picture = PIL.Image.fromarray(portrait()) if picture is None else picture
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def read(data):
    return decode_photo(io.BytesIO(data))


def opened(data):
    return PIL.Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("quality", "subsampling"), [(90, 0), (92, 1), (97, 2), (100, 0)])
def test_a_good_jpeg_keeps_its_tables_and_colour_resolution(quality, subsampling):
    data = jpeg(quality=quality, subsampling=subsampling)
    with opened(data) as before, opened(encode_photo(read(data), "JPEG")) as after:
        assert after.quantization == before.quantization
        assert get_sampling(after) == subsampling


def test_a_bad_jpeg_is_not_made_worse():
    data = jpeg(quality=40)
    with opened(encode_photo(read(data), "JPEG")) as after, opened(jpeg(quality=95, subsampling=0)) as good:
        assert after.quantization == good.quantization
        assert get_sampling(after) == 0


@pytest.mark.parametrize("progressive", [False, True])
def test_progressive_stays_progressive(progressive):
    data = encode_photo(read(jpeg(progressive=progressive)), "JPEG")
    assert bool(opened(data).info.get("progressive")) is progressive


def test_writing_a_good_jpeg_again_changes_almost_nothing():
    before = read(jpeg(quality=95))
    after = read(encode_photo(before, "JPEG"))
    difference = np.abs(after.image.astype(int) - before.image)
    assert difference.max() <= 3
    assert difference.mean() < 0.1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_stay_with_their_pixels(mode):
    data = jpeg(PIL.Image.fromarray(portrait()).convert(mode), quality=95)
    with opened(data) as before, opened(encode_photo(read(data), "JPEG")) as after:
        assert after.mode == mode
        assert np.abs(np.array(after).astype(int) - np.array(before)).max() <= 3


def test_colours_that_are_compressed_as_rgb_stay_so():
    data = encode_photo(read(jpeg(keep_rgb=True, quality=95)), "JPEG")
    assert opened(data).info["adobe_transform"] == 0


@pytest.mark.parametrize(("dots", "expected"), [(None, None), ((300, 200), (300, 200))])
def test_a_jpeg_says_no_more_of_its_size_on_paper_than_before(dots, expected):
    exif = with_text(None, Base.Artist, "Ada")  # with EXIF that has no resolution, Pillow says 72
    data = encode_photo(read(jpeg(exif=exif, **({} if dots is None else {"dpi": dots}))), "JPEG")
    with opened(data) as picture:
        density = (picture.info["jfif_unit"], *picture.info["jfif_density"])
    assert density == ((0, 1, 1) if expected is None else (1, *expected))


def with_segments(data, *more):
    return data[:2] + b"".join(more) + data[2:]


def test_comments_cameras_and_photoshop_are_kept():
    more = [
        segment(0xFE, b"a comment"),
        segment(0xE5, b"a camera's"),
        segment(0xED, PHOTOSHOP_START + photoshop_with(IPTC)),
    ]
    kept = list(segments(encode_photo(read(with_segments(jpeg(), *more)), "JPEG")))
    assert {(0xFE, b"a comment"), (0xE5, b"a camera's"), (0xED, PHOTOSHOP_START + photoshop_with(IPTC))} <= set(kept)


def test_photoshop_resources_longer_than_a_segment_are_put_together():
    resources = photoshop_with(b"\x1c\x02\x78" + bytes(100_000))
    more = [segment(0xED, PHOTOSHOP_START + resources[start : start + 60_000]) for start in (0, 60_000)]
    photo = read(with_segments(jpeg(), *more))
    assert photo.iptc == b"\x1c\x02\x78" + bytes(100_000)
    assert read(encode_photo(photo, "JPEG")).iptc == photo.iptc


def test_pictures_behind_the_first_are_left_out_with_a_word():
    file = io.BytesIO()
    PIL.Image.fromarray(portrait()).save(file, "MPO", save_all=True, append_images=[PIL.Image.new("RGB", (8, 8))])
    photo = read(file.getvalue())
    assert photo.remarks == ("the file holds 1 more behind it (it is an MPO), left out",)
    assert opened(encode_photo(photo, "JPEG")).format == "JPEG"


def test_the_film_of_a_motion_photo_is_left_out_with_a_word():
    packet = XMP_START + b'<rdf:Description GCamera:MotionPhoto="1"/>'
    photo = read(with_segments(jpeg(), segment(0xE1, packet)) + b"a film")
    assert photo.remarks == ("the film behind it (a motion photo) is left out",)


def test_signatures_of_other_pixels_are_left_out_with_a_word():
    photo = read(with_segments(jpeg(), segment(0xEB, b"JP\0\x01signed")))
    assert "sign other pixels" in photo.remarks[0]
    assert b"signed" not in encode_photo(photo, "JPEG")


def test_iptc_of_another_format_is_read_by_another_library():
    data = encode_photo(Photo(portrait(), iptc=IPTC), "JPEG")
    assert IptcImagePlugin.getiptcinfo(opened(data)) == {(2, 120): b"Grandmother"}


def test_a_profile_longer_than_a_segment_is_written_in_parts():
    profile = bytes(100_000)
    photo = Photo(portrait(), stored=StoredPixels(portrait(), Colours.RGB))
    stored = replace(photo.stored, icc_profile=None)
    assert opened(encode_photo(replace(photo, stored=stored), "JPEG")).info.get("icc_profile") is None
    from retrato.images.jpeg_files import JpegMetadata, with_metadata

    assert opened(with_metadata(jpeg(), JpegMetadata(icc_profile=profile))).info["icc_profile"] == profile


def test_xmp_that_is_too_long_is_left_out_with_a_word():
    encoded = encode(Photo(portrait(), xmp=b" " * 70_000), "JPEG")
    assert encoded.left_out == ("JPEG holds 64 KB of XMP, and this is longer",)
    assert read(encoded.data).xmp is None
