import io
import struct

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from retrato.images.png_files import PngMetadata, chunk, encode_png, read_png, with_chunks


@pytest.fixture
def deep():
    """Longer than one band, with smooth and noisy rows."""
    rng = np.random.default_rng(0)
    values = np.linspace(0, 65535, 900 * 1100 * 4).reshape(900, 1100, 4).astype(np.uint16)
    values[::2] = rng.integers(0, 65536, values[::2].shape)
    return values


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_another_library_reads_sixteen_bits(deep, channels, has_alpha):
    colours, alpha = deep[..., :channels].squeeze(), deep[..., 3]
    data = encode_png([colours, alpha] if has_alpha else [colours])
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if channels == 1 and has_alpha:
        assert np.array_equal(read[..., 0], colours)  # OpenCV makes three channels of grey
        assert np.array_equal(read[..., 3], alpha)
    elif channels == 1:
        assert np.array_equal(read, colours)
    else:
        assert np.array_equal(read[..., 2::-1], colours)
        assert not has_alpha or np.array_equal(read[..., 3], alpha)


def png_with(**options):
    file = io.BytesIO()
    PIL.Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(file, "PNG", **options)
    return file


def test_texts_sizes_and_times_are_kept_as_they_are():
    texts = PngInfo()
    texts.add_text("Title", "Großmutter", zip=True)
    texts.add_itxt("Author", "Ada", lang="en")
    kept = read_png(png_with(pnginfo=texts, dpi=(600, 600))).chunks
    data = with_chunks(encode_png([np.zeros((4, 4), np.uint8)]), PngMetadata(kept=kept))
    with PIL.Image.open(io.BytesIO(data)) as picture:
        assert picture.text == {"Title": "Großmutter", "Author": "Ada"}
        assert [round(dots) for dots in picture.info["dpi"]] == [600, 600]


def test_chunks_about_the_pixels_as_they_were_are_not_kept():
    file = png_with()
    data = file.getvalue()
    more = chunk(b"sBIT", b"\x05\x06\x05") + chunk(b"prVt", b"safe") + chunk(b"prVT", b"unsafe")
    assert read_png(io.BytesIO(data[:33] + more + data[33:])).chunks == ((b"prVt", b"safe"),)


def test_the_size_on_paper_is_written_in_dots_per_metre():
    data = with_chunks(encode_png([np.zeros((4, 4), np.uint8)]), PngMetadata(dots_per_inch=(300, 150)))
    assert struct.pack(">IIB", 11811, 5906, 1) in data
