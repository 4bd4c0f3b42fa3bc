import io

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile

from retrato.errors import UnwritableOutput
from retrato.images.photo import Colours, StoredPixels, TiffTraits
from retrato.images.tags import Entry
from retrato.images.tiff_files import CopiedPage, TiffPage, copy_page, pages_of_pictures, read_tiff, write_tiff


@pytest.fixture
def deep():
    """As large as two strips."""
    return np.random.default_rng(0).integers(0, 65536, (200, 250, 3), dtype=np.uint16)


def page_of(values, colours=Colours.RGB, alpha=None, **traits):
    return TiffPage(StoredPixels(values, colours), alpha, {}, TiffTraits(**traits))


def written(*pages):
    file = io.BytesIO()
    write_tiff(pages, file)
    return file.getvalue()


@pytest.mark.parametrize("byte_order", "<>")
@pytest.mark.parametrize("is_differenced", [False, True])
@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_another_library_reads_sixteen_bit_colour(deep, compression, is_differenced, byte_order):
    data = written(page_of(deep, compression=compression, is_differenced=is_differenced, byte_order=byte_order))
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1], deep)
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        assert (tiff.pages[0].compression, tiff.byteorder) == (compression, byte_order)


@pytest.mark.parametrize("colours", [Colours.GREY, Colours.RGB, Colours.CMYK])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_another_library_reads_every_kind_of_pixels(deep, colours, depth, has_alpha):
    channels = {Colours.GREY: 1, Colours.RGB: 3, Colours.CMYK: 4}[colours]
    values = np.resize(deep, (40, 50, channels)).astype(depth).squeeze()
    alpha = deep[:40, :50, 0].astype(depth) if has_alpha else None
    with tifffile.TiffFile(io.BytesIO(written(page_of(values, colours, alpha)))) as tiff:
        read = tiff.pages[0].asarray()
        photometric = tiff.pages[0].photometric.name
    assert np.array_equal(read, np.dstack([values, alpha]) if has_alpha else values)
    assert photometric == {Colours.GREY: "MINISBLACK", Colours.RGB: "RGB", Colours.CMYK: "SEPARATED"}[colours]


def test_lab_is_written_with_its_signs():
    lab = np.full((4, 4, 3), (100, 128, 130), np.uint8)
    with PIL.Image.open(io.BytesIO(written(page_of(lab, Colours.LAB)))) as picture:
        assert picture.mode == "LAB"
        assert np.array_equal(np.array(picture)[0, 0], [100, 0, 2])


def test_tags_of_every_type_are_written_as_they_were(deep):
    source = io.BytesIO()
    kinds = [(65000, "B", 3, b"abc"), (65001, "H", 2, (1, 2)), (65002, "d", 1, 0.1), (65003, "2I", 1, (1, 3))]
    kinds += [(65004, "s", 0, "short"), (65005, "i", 1, -7), (65006, "Q", 1, 7)]
    tifffile.imwrite(source, deep, photometric="rgb", extratags=kinds, byteorder=">", bigtiff=True)
    tags, _ = read_tiff(source, 0)
    kept = {tag: entry for tag, entry in tags.items() if tag >= 65000}
    page = TiffPage(StoredPixels(deep, Colours.RGB), None, kept, TiffTraits(byte_order=">"))
    before = io.BytesIO(source.getvalue())
    with tifffile.TiffFile(io.BytesIO(written(page))) as tiff, tifffile.TiffFile(before) as other:
        for tag in kept:
            assert tiff.pages[0].tags[tag].value == other.pages[0].tags[tag].value


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": 2, "tile": (16, 16)}, {"byteorder": ">"}])
def test_a_copied_page_is_the_same_to_the_bit(deep, options):
    source = io.BytesIO()
    tifffile.imwrite(source, deep, photometric="rgb", description="Grandmother", **options)
    page = copy_page(source, 0)
    data = written(page_of(deep[:9], byte_order=page.byte_order), page)
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        assert np.array_equal(tiff.pages[1].asarray(), deep)
        assert tiff.pages[1].description == "Grandmother"
    again = copy_page(io.BytesIO(data), 1)
    assert again.parts == page.parts


def test_fax_pages_are_copied():
    source = io.BytesIO()
    PIL.Image.fromarray(np.eye(40, dtype=bool)).save(source, "TIFF", compression="group4")
    data = written(copy_page(source, 0))
    with PIL.Image.open(io.BytesIO(data)) as picture:
        assert (picture.mode, picture.info["compression"]) == ("1", "group4")
        assert np.array_equal(np.array(picture), np.eye(40, dtype=bool))


def test_pages_of_different_byte_orders_are_refused(deep):
    pages = [CopiedPage({273: Entry.of_numbers(4, 8)}, (b"abcd",), order) for order in "<>"]
    with pytest.raises(UnwritableOutput, match="byte orders"):
        written(*pages)


def test_strips_that_reach_beyond_the_file_are_refused(deep):
    data = written(page_of(deep, compression=1))
    tags, _ = read_tiff(io.BytesIO(data), 0)
    beyond = CopiedPage({**tags, 279: Entry.of_numbers(4, 10**6, 10**6)}, (b"1", b"2"), "<")
    with pytest.raises(ValueError, match=r"cut short|over one another"):
        copy_page(io.BytesIO(written(beyond)), 0)


def test_directories_in_a_ring_are_counted_once(deep):
    data = bytearray(written(page_of(deep[:4, :4]), page_of(deep[:4, :4])))
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    second = int.from_bytes(data[link : link + 4], "little")
    link = second + 2 + 12 * int.from_bytes(data[second : second + 2], "little")
    data[link : link + 4] = data[4:8]
    assert pages_of_pictures(io.BytesIO(bytes(data))) == [0, 1]


def test_a_compression_that_is_not_kept_becomes_one_without_loss():
    source = io.BytesIO()
    PIL.Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(source, "TIFF", compression="jpeg")
    assert read_tiff(source, 0)[1].compression == 8
