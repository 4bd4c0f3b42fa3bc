import io
import zlib

import numpy as np
import PIL.Image
import pytest
import tifffile

from retrato.errors import UnreadableImage
from retrato.images.decoding import decode_photo
from retrato.images.photo import Colours
from retrato.images.png_files import encode_png


@pytest.fixture
def deep():
    return np.random.default_rng(0).integers(0, 65536, (12, 20, 4), dtype=np.uint16)


def stored(data):
    return decode_photo(io.BytesIO(data)).stored


def tiff(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"compression": "zlib", "predictor": 2}])
def test_all_sixteen_bits_of_a_tiff_are_read(deep, byteorder, options):
    data = tiff(deep[..., :3], photometric="rgb", byteorder=byteorder, **options)
    assert np.array_equal(stored(data).values, deep[..., :3])


@pytest.mark.parametrize("tiles", [None, (16, 16)])
def test_tiles_of_sixteen_bits_are_read(tiles):
    values = np.random.default_rng(0).integers(0, 65536, (50, 40, 3), dtype=np.uint16)
    assert np.array_equal(stored(tiff(values, photometric="rgb", tile=tiles)).values, values)


@pytest.mark.parametrize("byteorder", "<>")
def test_sixteen_bit_grey_and_cmyk_are_read(deep, byteorder):
    assert np.array_equal(stored(tiff(deep[..., 0], byteorder=byteorder)).values, deep[..., 0])
    inks = stored(tiff(deep, photometric="separated", byteorder=byteorder))
    assert np.array_equal(inks.values, deep)
    assert inks.colours is Colours.CMYK


def test_grey_whose_white_is_zero_is_not_shown_as_a_negative(deep):
    assert np.array_equal(stored(tiff(deep[..., 0], photometric="miniswhite")).values, 65535 - deep[..., 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit_png_with_transparency_is_read(deep, channels):
    photo = decode_photo(io.BytesIO(encode_png([deep[..., :channels].squeeze(), deep[..., 3]])))
    assert np.array_equal(photo.stored.values, deep[..., :channels].squeeze())
    assert np.array_equal(photo.alpha, deep[..., 3])


def test_interlaced_sixteen_bit_png_is_read(deep):
    # Adam7 with one pixel: the first pass alone has pixels
    data = bytearray(encode_png([deep[:1, :1, :3]]))
    data[28] = 1
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    assert np.array_equal(stored(bytes(data)).values, deep[:1, :1, :3])


def test_premultiplied_sixteen_bits_are_read_with_a_word(deep):
    data = tiff(deep, photometric="rgb", extrasamples=["assocalpha"])
    photo = decode_photo(io.BytesIO(data))
    assert photo.stored.bits == 8
    assert photo.remarks == ("of its 16 bits only the upper 8 are read",)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_channels_of_eight_bits_that_lie_apart_are_read(deep, compression):
    values = (deep[..., :3] >> 8).astype(np.uint8)
    planes = np.moveaxis(values, -1, 0).copy()
    assert np.array_equal(
        stored(tiff(planes, photometric="rgb", planarconfig="separate", compression=compression)).values, values
    )


def test_channels_of_sixteen_bits_that_lie_apart_are_refused(deep):
    planes = np.moveaxis(deep[..., :3], -1, 0).copy()
    with pytest.raises(UnreadableImage, match="channels interleaved"):
        stored(tiff(planes, photometric="rgb", planarconfig="separate"))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_eight_bits_are_stored_as_they_are(mode):
    values = np.random.default_rng(0).integers(0, 256, (5, 6, 4), dtype=np.uint8)
    values = {"L": values[..., 0], "RGB": values[..., :3], "CMYK": values}[mode]
    file = io.BytesIO()
    PIL.Image.frombytes(mode, (6, 5), values.tobytes()).save(file, "TIFF")
    assert np.array_equal(stored(file.getvalue()).values, values)


def test_plain_rgb_is_not_held_twice():
    file = io.BytesIO()
    PIL.Image.new("RGB", (5, 6)).save(file, "PNG")
    photo = decode_photo(file)
    assert photo.stored.values is photo.image
