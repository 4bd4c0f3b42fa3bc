import io
import struct
from contextlib import suppress

import exifread
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.ExifTags import IFD, Base

from retrato.images.exif import PREFIX, checked_exif, exif_of_tags, read_tags, shortened, upright, with_size, with_text
from retrato.images.tags import Entry

MAKER_NOTE = bytes(range(40))


def camera_exif():
    exif = PIL.Image.Exif()
    exif[Base.Make] = "Leica"
    exif[Base.Orientation] = 6
    exif[Base.XResolution] = 300.5
    inner = exif.get_ifd(IFD.Exif)
    inner[Base.ExifImageWidth], inner[Base.ExifImageHeight] = 4000, 3000
    inner[Base.MakerNote] = MAKER_NOTE
    inner[Base.DateTimeOriginal] = "1934:05:06 07:08:09"
    exif.get_ifd(IFD.GPSInfo)[2] = (52.0, 31.0, 12.5)
    return exif.tobytes()


def big_endian_with_thumbnail(thumbnail=b"SMALL", behind=b""):
    first = struct.pack(">HHHI4sHHIHHI", 2, Base.Make, 2, 4, b"Abc\0", Base.Orientation, 3, 1, 6, 0, 38)
    second = struct.pack(">HHHIIHHIII", 2, 513, 4, 1, 68, 514, 4, 1, len(thumbnail), 0)
    return PREFIX + b"MM\0*\0\0\0\x08" + first + second + thumbnail + behind


def read_by_others(exif):
    """The tags as another library reads them, from a JPEG."""
    file = io.BytesIO()
    PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(file, "JPEG", exif=exif)
    file.seek(0)
    return exifread.process_file(file, details=False)


def test_upright_exif_says_so_to_another_library():
    assert str(read_by_others(upright(camera_exif()))["Image Orientation"]) == "Horizontal (normal)"


def test_all_else_stays_what_it_was():
    before, after = read_by_others(camera_exif()), read_by_others(upright(camera_exif()))
    assert before.keys() == after.keys()
    changed = {name for name in before if str(before[name]) != str(after[name])}
    assert changed <= {"Image Orientation", "Image ExifOffset", "Image GPSInfo"}


def test_a_maker_note_stays_in_its_place():
    exif = camera_exif()
    changed = with_text(with_size(upright(exif), 10, 20), Base.ProcessingSoftware, "retrato")
    assert changed.index(MAKER_NOTE) == exif.index(MAKER_NOTE)


def test_the_pixels_across_and_down_are_brought_up_to_date():
    tags = read_by_others(with_size(camera_exif(), 8000, 70_000))
    assert (tags["EXIF ExifImageWidth"].values, tags["EXIF ExifImageLength"].values) == ([8000], [70_000])


def test_exif_that_says_nothing_of_its_size_goes_on_saying_nothing():
    exif = with_text(None, Base.Artist, "Ada")
    assert with_size(exif, 10, 10) == exif


@pytest.mark.parametrize("behind", [b"", b"what stands behind it"])
def test_the_thumbnail_goes_and_what_stands_behind_it_stays(behind):
    after = upright(big_endian_with_thumbnail(behind=behind))
    assert b"SMALL" not in after
    assert behind in after
    exif = PIL.Image.Exif()
    exif.load(after)
    assert dict(exif) == {Base.Make: "Abc", Base.Orientation: 1}
    assert exif.get_ifd(IFD.IFD1) == {}


def test_a_text_takes_the_place_of_an_older_one():
    exif = with_text(with_text(camera_exif(), Base.ProcessingSoftware, "one"), Base.ProcessingSoftware, "another")
    assert str(read_by_others(exif)["Image Tag 0x000B"]) == "another"
    assert str(read_by_others(exif)["Image Make"]) == "Leica"


def test_short_texts_fit_into_their_row():
    assert str(read_by_others(with_text(camera_exif(), Base.ProcessingSoftware, "a"))["Image Tag 0x000B"]) == "a"


def test_the_longest_values_go_first_where_there_is_no_room():
    exif = with_text(with_text(None, Base.ImageDescription, "a" * 70_000), Base.Artist, "Ada")
    assert set(read_tags(shortened(exif, 60_000))) == {Base.Artist}


def test_tags_about_storage_are_no_exif():
    tags = {256: Entry.of_numbers(4, 10), 273: Entry.of_numbers(4, 8)}
    assert exif_of_tags(tags) is None
    assert set(read_tags(exif_of_tags({**tags, Base.Make: Entry(2, b"Leica\0")}))) == {Base.Make}


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_exif_is_changed_or_refused(damages):
    exif = bytearray(camera_exif())
    for place, value in damages:
        exif[place % len(exif)] = value
    with suppress(ValueError, struct.error):  # all else fails the test
        with_text(with_size(upright(checked_exif(bytes(exif))), 5, 5), Base.Artist, "Ada")
