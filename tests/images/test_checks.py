import io
import struct
import time
import zlib

import numpy as np
import PIL.Image
import pytest
import tifffile

from retrato.errors import UnreadableImage
from retrato.images.decoding import decode_photo
from retrato.images.files import copy_page, list_pages, read_image, write_pages
from retrato.images.jpeg_files import XMP_START, segment
from retrato.images.png_files import chunk


def encoded(format, **options):
    file = io.BytesIO()
    PIL.Image.fromarray(np.full((64, 64, 3), 120, np.uint8)).save(file, format, **options)
    return file.getvalue()


def jpeg_with(added):
    data = encoded("JPEG")
    return data[:2] + added + data[2:]


def png_with(added):
    data = encoded("PNG")
    return data[:33] + added + data[33:]


def seconds_of_reading(data):
    started = time.process_time()
    decode_photo(io.BytesIO(data))
    return time.process_time() - started


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(segment(0xFE, b"") * 400_000),
        jpeg_with(b"\xff" * 200_000),
        png_with(chunk(b"teSt", b"") * 400_000),
    ],
    ids=["segments", "padding", "chunks"],
)
def test_files_of_nothing_but_parts_are_refused_before_a_decoder_counts_them(data):
    with pytest.raises(UnreadableImage, match="parts or mostly padding"):
        decode_photo(io.BytesIO(data))


def test_padding_between_the_segments_of_a_jpeg_does_no_harm():
    assert decode_photo(io.BytesIO(jpeg_with(b"\xff" * 1000))).width == 64


@pytest.mark.parametrize(
    "added", [segment(0xFE, b""), segment(0xE1, XMP_START + b"GCamera:MotionPhoto")], ids=["comments", "motion photos"]
)
def test_the_time_for_many_segments_grows_as_their_number(added):
    few, many = (seconds_of_reading(jpeg_with(added * count)) for count in (5_000, 40_000))
    assert many < 20 * few + 0.2  # 64 times as long, were each copied for the next


def test_a_jpeg_that_claims_more_than_its_bytes_hold_is_refused():
    data = bytearray(encoded("JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, 13_000, 13_000)
    with pytest.raises(UnreadableImage, match=r"says that it has 169,000,000 pixels, which its \d+ bytes cannot hold"):
        decode_photo(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("progressive", [False, True])
def test_the_emptiest_jpeg_is_read(progressive):
    file = io.BytesIO()
    PIL.Image.new("L", (3000, 2000)).save(file, "JPEG", optimize=True, quality=1, progressive=progressive)
    assert decode_photo(file).width == 3000


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_a_box_that_claims_more_than_the_bytes_hold_is_refused(format):
    pytest.importorskip("pillow_heif")
    data = bytearray(encoded(format))
    struct.pack_into(">II", data, data.index(b"ispe") + 8, 13_000, 13_000)
    with pytest.raises(UnreadableImage, match="169,000,000 pixels"):
        decode_photo(io.BytesIO(bytes(data)))


def test_a_file_of_many_gigabytes_is_refused_without_reading_it(tmp_path):
    with (tmp_path / "long.jpg").open("wb") as file:
        file.write(encoded("JPEG"))
        file.truncate(200 * 10**9)  # takes no room on the disk
    with pytest.raises(UnreadableImage, match=r"200.0 GB, which is more than any JPEG"):
        read_image(tmp_path / "long.jpg")


def test_pixels_that_unpack_to_more_than_the_picture_take_no_more_memory_than_it():
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    compressed = zlib.compress(bytes(50_000_000))
    chunks = b"".join(map(chunk, (b"IHDR", b"IDAT", b"IEND"), (header, compressed, b"")))
    assert decode_photo(io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunks)).width == 64


def test_the_pages_of_a_bigtiff_are_counted(tmp_path):
    with tifffile.TiffWriter(tmp_path / "big.tif", bigtiff=True) as file:
        for level in (10, 200):
            file.write(np.full((64, 64, 3), level, np.uint8), photometric="rgb")
    assert list_pages(tmp_path / "big.tif") == (0, 1)
    assert read_image(tmp_path / "big.tif", page=1).image[0, 0].tolist() == [200, 200, 200]


def test_a_page_of_a_bigtiff_is_written_anew_as_a_tiff_has_no_such_numbers(tmp_path):
    with tifffile.TiffWriter(tmp_path / "big.tif", bigtiff=True) as file:
        for level in (10, 200):
            file.write(np.full((64, 64, 3), level, np.uint8), photometric="rgb")
    write_pages([copy_page(tmp_path / "big.tif", page) for page in (0, 1)], tmp_path / "copy.tif")
    with tifffile.TiffFile(tmp_path / "copy.tif") as copy:
        assert not copy.is_bigtiff
        assert [int(each.asarray().max()) for each in copy.pages] == [10, 200]
        assert all(tag.dtype <= 13 for each in copy.pages for tag in each.tags)
