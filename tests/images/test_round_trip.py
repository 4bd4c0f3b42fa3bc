"""The promises of docs/photos.md, read back by other libraries where there are some."""

import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import exifread
import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageCms
from PIL.ExifTags import Base

from retrato.errors import UnreadableImage, UnwritableOutput
from retrato.images.decoding import decode_photo
from retrato.images.encoding import encode, encode_photo
from retrato.images.exif import with_text
from retrato.images.photo import Colours, Photo, StoredPixels, WebpTraits

PAGE = Path(__file__).parents[2] / "docs" / "photos.md"
FORMATS = {"JPEG": "JPEG", "PNG": "PNG", "WebP": "WEBP", "TIFF": "TIFF", "BMP": "BMP", "AVIF": "AVIF", "HEIC": "HEIF"}

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
IPTC = b"\x1c\x02\x78\x00\x0bGrandmother"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def portrait(height=40, width=64):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([rows * 3 + 60, columns * 2 + 80, rows + columns + 40]).astype(np.uint8)


def photo_with_everything():
    image = portrait()
    return Photo(
        image,
        alpha=np.linspace(0, 255, image[..., 0].size).astype(np.uint8).reshape(image.shape[:2]),
        exif=with_text(None, Base.Artist, "Ada"),
        xmp=XMP,
        iptc=IPTC,
        dots_per_inch=(600.0, 300.0),
        comments=("Grandmother",),
        stored=StoredPixels(image, Colours.RGB, PROFILE),
    )


def deep_photo():
    values = portrait().astype(np.uint16) * 257 + np.arange(40, dtype=np.uint16)[:, None, None]
    return Photo(portrait(), stored=StoredPixels(values, Colours.RGB))


def grey_photo():
    grey = portrait()[..., 0].copy()
    return Photo(np.repeat(grey[..., None], 3, axis=-1), stored=StoredPixels(grey, Colours.GREY))


def printed_photo():
    values = np.dstack([255 - portrait(), np.zeros((40, 64), np.uint8)])
    return Photo(portrait(), stored=StoredPixels(values, Colours.CMYK))


def again(photo, format):
    return decode_photo(io.BytesIO(encode_photo(photo, format)))


def dots_of(photo):
    return None if photo.dots_per_inch is None else tuple(round(dots) for dots in photo.dots_per_inch)


CHECKS = {
    "EXIF": lambda format: "Ada" in str((again(photo_with_everything(), format).exif or b"").decode("latin1")),
    "XMP": lambda format: again(photo_with_everything(), format).xmp == XMP,
    "IPTC": lambda format: again(photo_with_everything(), format).iptc == IPTC,
    "colour profile": lambda format: again(photo_with_everything(), format).stored.icc_profile == PROFILE,
    "dots per inch": lambda format: dots_of(again(photo_with_everything(), format)) == (600, 300),
    "comments": lambda format: any("Grandmother" in each for each in again(photo_with_everything(), format).comments),
    "transparency": lambda format: again(photo_with_everything(), format).alpha is not None,
    "16 bits": lambda format: again(deep_photo(), format).stored.bits == 16,
    "grey": lambda format: again(grey_photo(), format).stored.colours is Colours.GREY,
    "CMYK": lambda format: again(printed_photo(), format).stored.colours is Colours.CMYK,
    "every pixel outside the faces": lambda format: np.array_equal(again(Photo(portrait()), format).image, portrait()),
}


def promised():
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    start = next(index for index, line in enumerate(lines) if line.startswith("| kept"))
    header, *rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines[start : start + 13]]
    return [(row[0], format, cell) for row in rows for format, cell in zip(header[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("what", "format", "answer"), [each for each in promised() if each[0] != "several pages"])
def test_each_cell_of_the_page_is_true(what, format, answer):
    assert ("yes" if CHECKS[what](FORMATS[format]) else "no") == answer


def test_the_page_speaks_of_every_format_and_property():
    assert {format for _, format, _ in promised()} == set(FORMATS)
    assert {what for what, _, _ in promised()} == {*CHECKS, "several pages"}


LOSSES = {
    "EXIF": "no EXIF",
    "XMP": "no XMP",
    "IPTC": "no IPTC",
    "colour profile": "no colour profile",
    "comments": "no comments",
    "dots per inch": "no dots per inch",
    "transparency": "no transparency",
}


@pytest.mark.parametrize(("what", "format", "answer"), [each for each in promised() if each[0] in LOSSES])
def test_what_a_format_cannot_hold_is_said_and_nothing_else(what, format, answer):
    words = " ".join(encode(photo_with_everything(), FORMATS[format]).left_out)
    assert (LOSSES[what] in words) is (answer == "no")


@pytest.mark.parametrize(
    ("photo", "format", "words"),
    [
        (deep_photo(), "JPEG", "JPEG holds 8 bits, so the lower 8 of 16 are lost"),
        (printed_photo(), "PNG", "PNG holds no CMYK, so it is written as RGB (sRGB)"),
        (grey_photo(), "WEBP", "WEBP holds no grey, so it is written as RGB"),
    ],
)
def test_what_becomes_of_pixels_that_do_not_fit_is_said(photo, format, words):
    assert encode(photo, format).left_out == (words,)


def with_a_changed_face(photo):
    image = photo.image.copy()
    image[10:20, 30:40] += np.uint8(9)
    return replace(photo, image=image)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_outside_the_face_sixteen_bits_are_equal(format):
    photo = deep_photo()
    values = again(with_a_changed_face(photo), format).stored.values
    change = values.astype(int) - photo.stored.values
    assert (change[10:20, 30:40] == 9 * 257).all()
    change[10:20, 30:40] = 0
    assert not change.any()


def test_sixteen_bit_transparency_is_kept_whole():
    alpha = np.random.default_rng(0).integers(0, 65536, (40, 64), dtype=np.uint16)
    photo = replace(deep_photo(), alpha=alpha)
    assert all(np.array_equal(again(photo, format).alpha, alpha) for format in ("PNG", "TIFF"))


def test_a_grey_photo_that_got_colours_is_written_in_them_with_a_word():
    image = portrait()
    encoded = encode(replace(grey_photo(), image=image), "PNG")
    assert encoded.left_out == ("it was grey and has got colours, so it is written as RGB",)
    assert np.array_equal(decode_photo(io.BytesIO(encoded.data)).image, image)


@pytest.mark.parametrize("format", ["JPEG", "TIFF", "PNG", "AVIF"])
def test_another_library_reads_the_exif(format):
    data = encode_photo(photo_with_everything(), format)
    assert str(exifread.process_file(io.BytesIO(data))["Image Artist"]) == "Ada"


def test_webp_without_loss_stays_so():
    photo = Photo(portrait(), format="WEBP", traits=WebpTraits(is_lossless=True))
    kept = again(photo, "WEBP")
    assert kept.traits == WebpTraits(is_lossless=True)
    assert np.array_equal(kept.image, photo.image)


def test_a_tiff_comes_back_with_its_compression_and_tags():
    file = io.BytesIO()
    tags = {270: "Grandmother", 305: "Scanner 3", 65000: "private"}
    PIL.Image.fromarray(portrait()).save(file, "TIFF", compression="tiff_lzw", tiffinfo=tags, dpi=(600, 600))
    with PIL.Image.open(io.BytesIO(encode_photo(decode_photo(file), "TIFF"))) as picture:
        assert picture.info["compression"] == "tiff_lzw"
        assert {tag: picture.tag_v2[tag] for tag in tags} == tags
        assert picture.info["dpi"] == (600, 600)


def files():
    everything = photo_with_everything()
    yield from ((format, encode_photo(everything, format)) for format in FORMATS.values())
    yield from (
        (format, encode_photo(replace(deep_photo(), exif=everything.exif), format)) for format in ("PNG", "TIFF")
    )
    yield from ((format, encode_photo(printed_photo(), format)) for format in ("JPEG", "TIFF"))
    yield "PNG", encode_photo(replace(grey_photo(), alpha=everything.alpha), "PNG")


FILES = list(files())


@pytest.mark.parametrize(("format", "data"), FILES)
def test_the_files_that_are_damaged_below_are_read_when_whole(format, data):
    assert decode_photo(io.BytesIO(data)).format == format


@settings(max_examples=300, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(
    which=st.integers(0, len(FILES) - 1),
    damages=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5),
    length=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_damaged_files_give_a_photo_that_can_be_written_or_a_clear_error(which, damages, length):
    format, data = FILES[which]
    damaged = bytearray(data[: int(len(data) * length)])
    for place, value in damages if damaged else []:
        damaged[int(place * len(damaged))] = value
    with suppress(UnreadableImage, UnwritableOutput):  # all else fails the test
        encode_photo(decode_photo(io.BytesIO(bytes(damaged)), pixel_limit=100_000), format)
