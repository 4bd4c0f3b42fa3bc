import io
import struct
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrato.images.tags import UNDEFINED, Entry, directory_bytes, read_directory, read_header
from retrato.images.tiff_files import copy_page, pages_of_pictures

SUBDIRECTORY_TAGS = (34665, 34853, 40965)


def tiff(entries, behind=b"", next_offset=0):
    rows = b"".join(struct.pack("<HHII", *each) for each in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + rows + struct.pack("<I", next_offset) + behind


def read(data):
    file = io.BytesIO(data)
    layout, offset = read_header(file)
    return read_directory(file, layout, offset)[0]


def held(directory):
    return sum(each.bytes_held for each in directory.values())


def test_values_that_lie_over_one_another_take_no_more_room_than_the_file():
    data = tiff([(1000 + each, 1, 50_000, 8) for each in range(100)], bytes(50_000))
    assert 0 < held(read(data)) <= len(data)


def test_directories_in_one_another_share_that_room():
    greedy = [(tag, 4, 1, 8) for tag in SUBDIRECTORY_TAGS] + [(41_000, 1, 50_000, 8)]
    data = tiff(greedy, bytes(50_000))
    assert 0 < held(read(data)) <= len(data)


def test_a_directory_inside_itself_ends():
    assert read(tiff([(34665, 4, 1, 8), (271, 2, 4, 0)]))[34665].directory is not None


def test_only_the_tags_that_are_wanted_are_read():
    file = io.BytesIO(tiff([(271, 2, 4, 0), (254, 4, 1, 1)]))
    layout, offset = read_header(file)
    assert list(read_directory(file, layout, offset, wanted={254})[0]) == [254]


def test_the_time_for_writing_values_grows_as_their_length():
    def seconds(count):
        directory = {1000 + each: Entry(UNDEFINED, bytes(10_000)) for each in range(count)}
        started = time.process_time()
        directory_bytes(directory, 8, "<")
        return time.process_time() - started

    assert seconds(4000) < 40 * seconds(400) + 0.2  # seconds, were all copied for each


entries = st.tuples(
    st.one_of(st.sampled_from([254, 256, 273, 279, 330, 700, *SUBDIRECTORY_TAGS]), st.integers(0, 65535)),
    st.integers(0, 20),
    st.one_of(st.integers(0, 64), st.integers(0, 2**32 - 1)),
    st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1)),
)


@given(
    st.lists(entries, max_size=12), st.binary(max_size=300), st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1))
)
@example([(34665, 4, 1, 8)] * 3, b"", 8)
def test_any_directory_is_read_within_the_files_length_or_refused(rows, behind, next_offset):
    data = tiff(rows, behind, next_offset)
    try:
        directory = read(data)
        pages_of_pictures(io.BytesIO(data))
        copy_page(io.BytesIO(data), 0)
    except ValueError:
        return
    assert held(directory) <= len(data)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_directory_or_are_refused(data):
    for start in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", b""):
        try:
            read(start + data)
        except ValueError:
            continue


@pytest.mark.parametrize("byte_order", ["<", ">"])
@given(st.dictionaries(st.integers(1, 30_000), st.binary(min_size=1, max_size=40), min_size=1, max_size=8))
def test_what_is_written_is_read(byte_order, values):
    directory = {tag: Entry(UNDEFINED, data) for tag, data in values.items()}
    head = b"II*\0\x08\0\0\0" if byte_order == "<" else b"MM\0*\0\0\0\x08"
    assert read(head + directory_bytes(directory, 8, byte_order)) == directory
