import io
import random
import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms
from PIL.ExifTags import IFD, Base

from retrato.errors import UnreadableImage
from retrato.images.checks import READ_FORMATS
from retrato.images.decoding import decode_photo

ORIENTED = {
    # what a file must hold so that a viewer, applying the orientation, shows the upright picture
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def encoded(picture, format, **options):
    file = io.BytesIO()
    if isinstance(picture, np.ndarray):
        picture = PIL.Image.fromarray(picture)
    picture.save(file, format, **options)
    return file.getvalue()


def decoded(data, **options):
    return decode_photo(io.BytesIO(data), **options)


def exif_of(photo):
    exif = PIL.Image.Exif()
    exif.load(photo.exif)
    return exif


def exif_with(**tags):
    exif = PIL.Image.Exif()
    for name, value in tags.items():
        exif[Base[name]] = value
    return exif


def smooth(height=16, width=16):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([rows * 8 + 40, columns * 8 + 40, rows * 4 + columns * 4 + 40]).astype(np.uint8)


# Formats


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_lossless_files_give_their_exact_pixels(image, format):
    photo = decoded(encoded(image, format))
    assert np.array_equal(photo.image, image)
    assert photo.format == format


def test_webp_without_loss_gives_its_exact_pixels(image):
    photo = decoded(encoded(image, "WEBP", lossless=True))
    assert np.array_equal(photo.image, image)


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_files_look_as_another_library_reads_them(format):
    data = encoded(smooth(), format, quality=90)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded(data).image.astype(int) - expected).max() <= 3


def test_the_photo_of_a_jpeg_with_previews_behind_it_is_read(image):
    data = encoded(smooth(), "MPO", save_all=True, append_images=[PIL.Image.fromarray(image)])
    assert decoded(data).image.shape == (16, 16, 3)
    assert decoded(data).format == "JPEG"


# Kinds of pixels


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_grey_pixels_get_three_equal_channels(format):
    photo = decoded(encoded(np.full((4, 4), 77, np.uint8), format))
    assert (photo.image == 77).all()


def test_palette_pixels_get_their_colours():
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    assert decoded(encoded(picture, "PNG")).image.tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_one_bit_pixels_become_black_and_white():
    picture = PIL.Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert decoded(encoded(picture, "PNG")).image[..., 0].tolist() == [[0, 255]]


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("factor", [256, 257])
def test_sixteen_bit_grey_that_was_once_eight_bit_comes_back_exactly(format, factor):
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    photo = decoded(encoded((levels * factor).astype(np.uint16), format))
    assert np.array_equal(photo.image[..., 0], levels)


def test_sixteen_bit_colour_keeps_its_brightness():
    deep = np.random.default_rng(0).integers(0, 65536, (8, 8, 3), dtype=np.uint16)
    data = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
    assert np.abs(decoded(data).image - deep / 257).max() < 1


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_float_grey_is_scaled_by_what_it_calls_white(white):
    values = np.linspace(0, white, 256, dtype=np.float32).reshape(16, 16)
    photo = decoded(encoded(values, "TIFF"))
    assert np.array_equal(photo.image[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize("brightest", [4.0, 1e9, np.nan, -1.0])
def test_float_grey_without_a_clear_white_is_refused(brightest):
    with pytest.raises(UnreadableImage, match="white is unclear"):
        decoded(encoded(np.full((2, 2), brightest, np.float32), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept_beside_the_untouched_colours(mode):
    picture = PIL.Image.new(mode, (2, 1), (90, 0) if mode == "LA" else (90, 90, 90, 0))
    photo = decoded(encoded(picture, "PNG"))
    assert (photo.image == 90).all()
    assert (photo.alpha == 0).all()


def test_a_transparent_palette_colour_becomes_transparency():
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    photo = decoded(encoded(picture, "PNG", transparency=1))
    assert photo.alpha.tolist() == [[255, 0]]
    assert photo.image[0, 1].tolist() == [40, 50, 60]


def test_a_transparent_sixteen_bit_level_becomes_transparency():
    data = encoded(np.array([[1000, 1001]], np.uint16), "PNG", transparency=1001)
    assert decoded(data).alpha.tolist() == [[65535, 0]]


def test_an_opaque_photo_has_no_transparency(image):
    assert decoded(encoded(image, "PNG")).alpha is None


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_ink_becomes_rgb_light(format):
    cyan = PIL.Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    red, green, blue = decoded(encoded(cyan, format)).image[4, 4]
    assert red < 10
    assert min(green, blue) > 245


def test_lab_white_is_white():
    white = PIL.Image.merge("LAB", [PIL.Image.new("L", (2, 2), level) for level in (255, 128, 128)])
    assert decoded(encoded(white, "TIFF")).image.min() >= 253


# Colour profiles


def profile_bytes(name="sRGB"):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_rgb_profile_is_kept_to_the_byte(image, format):
    profile = profile_bytes()
    assert decoded(encoded(image, format, icc_profile=profile)).stored.icc_profile == profile


def made_up_profile(colour_space, tag, content):
    """The least that a colour management module takes for a profile: a header and one tag."""
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50, in 65536ths
    connection = b"XYZ " if colour_space == b"GRAY" else b"Lab "
    header = b"\0\0\0\0\x02\x10\0\0mntr" + colour_space + connection + bytes(12) + b"acsp" + bytes(28) + white
    body = header.ljust(124, b"\0") + struct.pack(">I4sII", 1, tag, 144, len(content)) + content
    return struct.pack(">I", len(body) + 4) + body


def test_grey_goes_through_its_profile():
    linear = made_up_profile(b"GRAY", b"kTRC", b"curv" + bytes(8))
    photo = decoded(encoded(np.full((4, 4), 128, np.uint8), "PNG", icc_profile=linear))
    assert abs(int(photo.image[0, 0, 0]) - 188) <= 1  # sRGB's curve: 1.055 * (128 / 255) ** (1 / 2.4) - 0.055
    assert photo.stored.icc_profile == linear


def test_cmyk_goes_through_its_profile():
    identity = bytes(range(256))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    white, grey, black = bytes([255, 128, 128]), bytes([128, 128, 128]), bytes([0, 128, 128])  # in Lab
    cyan_is_grey = (white + black) * 4 + (grey + black) * 4  # with and without black ink
    table = b"mft1\0\0\0\0\x04\x03\x02\0" + matrix + identity * 4 + cyan_is_grey + identity * 3
    cyan = PIL.Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    photo = decoded(encoded(cyan, "TIFF", icc_profile=made_up_profile(b"CMYK", b"A2B0", table)))
    assert np.abs(photo.image.astype(int) - 119).max() <= 1  # L* = 50 in sRGB
    assert photo.stored.icc_profile is not None


def test_a_profile_for_other_colours_is_not_kept(image):
    photo = decoded(encoded(image, "PNG", icc_profile=profile_bytes("LAB")))
    assert photo.stored.icc_profile is None
    assert photo.remarks == ("its colour profile is broken or not for RGB and is left out",)


def test_a_profile_for_rgb_is_not_kept_with_cmyk():
    picture = PIL.Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    photo = decoded(encoded(picture, "JPEG", icc_profile=profile_bytes()))
    assert photo.stored.icc_profile is None
    assert photo.image.min() >= 250


def test_a_broken_profile_does_not_make_a_picture_unreadable(image):
    assert decoded(encoded(image, "PNG", icc_profile=b"no profile")).stored.icc_profile is None


# Orientation and other EXIF


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_every_orientation_is_turned_upright_once(image, format, orientation):
    stored = np.ascontiguousarray(ORIENTED[orientation](image))
    lossless = {"lossless": True} if format == "WEBP" else {}
    photo = decoded(encoded(stored, format, exif=exif_with(Orientation=orientation), **lossless))
    assert np.array_equal(photo.image, image)


@pytest.mark.parametrize("orientation", ORIENTED)
def test_every_orientation_of_a_jpeg_looks_as_another_library_turns_it(orientation):
    data = encoded(smooth(12, 20), "JPEG", quality=95, exif=exif_with(Orientation=orientation))
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded(data).image.astype(int) - expected).max() <= 3


def test_compressed_tiffs_are_turned_once(image):
    stored = np.ascontiguousarray(ORIENTED[6](image))
    data = encoded(stored, "TIFF", compression="tiff_lzw", tiffinfo={274: 6})
    assert np.array_equal(decoded(data).image, image)


def test_sixteen_bit_grey_is_turned_too():
    levels = np.arange(8, dtype=np.uint16).reshape(2, 4) * 256
    photo = decoded(encoded(levels, "PNG", exif=exif_with(Orientation=6)))
    assert np.array_equal(photo.image[..., 0], np.rot90(levels >> 8, -1))


def test_transparency_is_turned_with_the_colours():
    levels = np.arange(8, dtype=np.uint8).reshape(2, 4)
    stored = np.dstack([levels] * 4)
    photo = decoded(encoded(stored, "PNG", exif=exif_with(Orientation=6)))
    assert np.array_equal(photo.alpha, np.rot90(levels, -1))


def test_the_kept_exif_says_upright(image):
    photo = decoded(encoded(image, "JPEG", exif=exif_with(Orientation=6, Make="Leica")))
    assert exif_of(photo)[Base.Orientation] == 1


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_about_the_photo_is_kept(image, format):
    exif = exif_with(Make="Leica", Copyright="Ada")
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "1934:05:06 07:08:09"
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    kept = exif_of(decoded(encoded(image, format, exif=exif.tobytes())))
    assert (kept[Base.Make], kept[Base.Copyright]) == ("Leica", "Ada")
    assert kept.get_ifd(IFD.Exif)[Base.DateTimeOriginal] == "1934:05:06 07:08:09"
    assert kept.get_ifd(IFD.GPSInfo)[1] == "N"


def test_exif_about_how_a_tiff_stores_its_pixels_is_not_kept(image):
    photo = decoded(encoded(image, "TIFF", exif=exif_with(Make="Leica")))
    assert set(exif_of(photo)) == {Base.Make}


def test_the_thumbnail_in_exif_is_not_kept(image):
    first = struct.pack("<HHHI4sI", 1, Base.Make, 2, 4, b"Abc\0", 26)
    thumbnail = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 56, 514, 4, 1, 5, 0) + b"SMALL"
    data = encoded(image, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + first + thumbnail)
    assert b"SMALL" in data
    kept = decoded(data).exif
    assert b"Abc" in kept
    assert b"SMALL" not in kept


def test_broken_exif_does_not_make_a_picture_unreadable(image):
    photo = decoded(encoded(image, "JPEG", exif=b"Exif\0\0this is no EXIF at all"))
    assert photo.exif is None


def test_a_photo_without_exif_gets_none(image):
    assert decoded(encoded(image, "PNG")).exif is None


# Files that are not one whole picture


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_several_pictures_in_one_file_are_refused_with_their_number(image, format):
    frames = [PIL.Image.fromarray(np.roll(image, shift, axis=1)) for shift in (1, 2)]
    with pytest.raises(UnreadableImage, match=r"contains 3 (frames|pages); export the one you want"):
        decoded(encoded(image, format, save_all=True, append_images=frames))


def tiff_with_thumbnail(image, thumbnail_first):
    def page(pixels, is_thumbnail):
        picture = PIL.Image.fromarray(pixels)
        picture.encoderinfo = {"tiffinfo": {254: int(is_thumbnail)}}
        return picture

    pages = [page(image, False), page(image[:3, :4], True)]
    first, second = reversed(pages) if thumbnail_first else pages
    return encoded(first, "TIFF", save_all=True, append_images=[second], **first.encoderinfo)


@pytest.mark.parametrize("thumbnail_first", [False, True])
def test_thumbnails_in_a_tiff_are_passed_over(image, thumbnail_first):
    assert np.array_equal(decoded(tiff_with_thumbnail(image, thumbnail_first)).image, image)


def test_a_tiff_with_only_a_thumbnail_is_refused(image):
    with pytest.raises(UnreadableImage, match="only a thumbnail"):
        decoded(encoded(image, "TIFF", tiffinfo={254: 1}))


def test_too_many_pixels_are_refused_by_the_header_alone(image):
    with pytest.raises(UnreadableImage, match="20 x 12 pixels, the limit is 239"):
        decoded(encoded(image, "PNG")[:60], pixel_limit=239)


def test_a_picture_at_the_limit_is_read(image):
    assert decoded(encoded(image, "PNG"), pixel_limit=240).width == 20


def test_a_header_that_claims_a_huge_picture_is_refused(image):
    data = bytearray(encoded(image, "PNG"))
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(UnreadableImage, match="too large"):
        decoded(bytes(data))


@pytest.mark.parametrize("format", READ_FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_that_ends_early_is_refused(format, part):
    data = encoded(smooth(), format)
    with pytest.raises(UnreadableImage):
        decoded(data[: int(len(data) * part)])


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_file_whose_end_was_overwritten_with_zeros_is_refused(format):
    data = encoded(smooth(64, 64), format)
    kept = int(len(data) * 0.8)
    with pytest.raises(UnreadableImage, match=r"missing|damaged"):
        decoded(data[:kept] + bytes(len(data) - kept))


def test_bytes_behind_the_end_of_a_jpeg_do_no_harm():
    data = encoded(smooth(), "JPEG")
    assert np.array_equal(decoded(data + b"trailer" * 100).image, decoded(data).image)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"Dear sir,\nplease restore", "a text file"),
        ("<html>404 für immer".encode(), "a text file"),
        (b"RIFF\x10\0\0\0WEBPVP8?", "begins like a WEBP"),
        (b"GIF89a\x01\0\x01\0", "a GIF file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF file but is damaged"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF file but is damaged"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a video file"),
        (b"%PDF-1.7 \x80", "a PDF file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "begins like a PNG"),
        (b"\x01\x02\x03\xfe\xff", "not a picture that can be read"),
    ],
)
def test_files_of_other_kinds_are_called_what_they_are(start, message):
    with pytest.raises(UnreadableImage, match=message):
        decoded(start)


@pytest.mark.parametrize("format", READ_FORMATS)
def test_randomly_damaged_files_give_a_photo_or_a_clear_error(format):
    rng = random.Random(format)
    original = encoded(smooth(), format, **({"exif": exif_with(Orientation=6)} if format != "BMP" else {}))
    for _ in range(60):
        data = bytearray(original)
        for _ in range(rng.choice([1, 2, 5])):
            data[rng.randrange(4, len(data))] = rng.choice([0, 1, 127, 255, rng.randrange(256)])
        with suppress(UnreadableImage):  # all else fails the test
            decoded(bytes(data), pixel_limit=100_000)


def test_an_unreadable_disk_is_not_called_a_damaged_picture():
    class FailingDisk(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        decode_photo(FailingDisk(b"data"))
