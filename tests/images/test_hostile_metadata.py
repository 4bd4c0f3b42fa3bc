"""What people whom one does not know may have written beside the pixels."""

import io
import struct
import time
from contextlib import suppress

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrato.images.exif import PREFIX, checked_exif, exif_of_tags, read_tags, shortened, upright, with_size, with_text
from retrato.images.jpeg_files import XMP_START, read_jpeg, segment, segments
from retrato.images.metadata import iptc_of_photoshop, photoshop_with, upright_xmp, without_thumbnails, xmp_with_size
from retrato.images.png_files import SIGNATURE, chunk, read_png
from retrato.images.tags import UNDEFINED, Entry

xml = st.lists(
    st.sampled_from(
        b"<xmp:Thumbnails|</xmp:Thumbnails>|<xap:Thumbnails>|</xap:Thumbnails>|tiff:Orientation|tiff:ImageWidth>|"
        b'exif:PixelXDimension|="|6|"|\'|<|>|</| |\0\xff'.split(b"|")
    ),
    max_size=30,
).map(b"".join)


def seconds(work, *arguments):
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started


def test_the_time_for_thumbnails_without_an_end_grows_as_their_number():
    few, many = (seconds(upright_xmp, b"<xmp:Thumbnails" * count) for count in (4_000, 40_000))
    assert many < 20 * few + 0.2  # a hundred times as long, were the end looked for from each beginning


def test_each_thumbnail_goes_and_what_stands_between_them_stays():
    thumbnail = b"<xmp:Thumbnails a='b'><x/></xmp:Thumbnails>"
    other = b"<xmp:ThumbnailsOfOthers>"
    assert upright_xmp(b"a" + thumbnail + b"b" + other + b"c" + thumbnail + b"d") == b"ab" + other + b"cd"


def test_the_time_for_shortening_exif_grows_as_its_tags():
    exif = exif_of_tags({30_000 + each: Entry(UNDEFINED, bytes(100)) for each in range(4000)})
    spent = seconds(shortened, exif, 60_000)
    assert spent < 2  # minutes, were all written anew for each that goes


def test_shortened_exif_uses_the_room_there_is():
    exif = exif_of_tags({30_000 + each: Entry(UNDEFINED, bytes(100 + each % 2)) for each in range(40)})
    kept = read_tags(shortened(exif, 3000))
    assert len(exif_of_tags(kept)) <= 3000 < len(exif_of_tags(kept)) + 12 + 102


@given(xml)
def test_any_xmp_keeps_its_size_or_loses_thumbnails(packet):
    assert len(upright_xmp(packet)) <= len(packet) + packet.count(b"tiff:Orientation")
    xmp_with_size(packet, 100_000, 7)


@given(
    st.lists(st.one_of(st.just(b"8BIM"), st.just(b"\x04\x0c"), st.just(b"\x04\x04"), st.binary(max_size=8))).map(
        b"".join
    )
)
def test_any_resources_of_photoshop_are_read_as_far_as_they_go(data):
    assert len(without_thumbnails(data)) <= len(data) + 1
    iptc_of_photoshop(data)


@given(st.binary(max_size=100))
def test_iptc_comes_back_from_photoshops_resources(iptc):
    assert iptc_of_photoshop(photoshop_with(iptc)) == iptc


def jpeg_of_one_pixel():
    file = io.BytesIO()
    PIL.Image.new("L", (1, 1)).save(file, "JPEG")
    return file.getvalue()


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=12),
            st.builds(segment, st.integers(0xC0, 0xFE), st.binary(max_size=40)),
            st.builds(lambda xmp: segment(0xE1, XMP_START + xmp), xml),
            st.builds(lambda data: segment(0xED, b"Photoshop 3.0\0" + data), st.binary(max_size=30)),
        ),
        max_size=6,
    ).map(b"".join)
)
def test_any_segments_of_a_jpeg_are_read_and_none_is_longer_than_the_file(added):
    data = b"\xff\xd8" + added + jpeg_of_one_pixel()[2:]
    assert sum(len(content) for _, content in segments(data)) <= len(data)
    with PIL.Image.open(io.BytesIO(jpeg_of_one_pixel())) as picture:
        contents = read_jpeg(data, picture)
    assert sum(map(len, contents.traits.segments)) <= 2 * len(data)


@given(
    st.lists(
        st.one_of(st.builds(chunk, st.binary(min_size=4, max_size=4), st.binary(max_size=20)), st.binary(max_size=9))
    )
)
def test_any_chunks_of_a_png_are_read_and_none_is_longer_than_the_file(chunks):
    data = SIGNATURE + b"".join(chunks)
    traits = read_png(io.BytesIO(data))
    assert sum(len(content) for _, content in traits.chunks) <= len(data)


@pytest.mark.parametrize(
    "change", [upright, lambda exif: with_size(exif, 9, 9), lambda exif: with_text(exif, 305, "a")]
)
@given(st.binary(max_size=200), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b""]))
def test_any_exif_is_changed_or_refused(change, body, start):
    with suppress(ValueError, struct.error):  # all else fails the test
        read_tags(change(checked_exif(PREFIX + start + body)))
