import numpy as np
import PIL.Image
from PIL import IptcImagePlugin

from retrato.images.metadata import (
    PHOTOSHOP_START,
    iptc_of_photoshop,
    photoshop_with,
    upright_xmp,
    without_thumbnails,
    xmp_with_size,
)

IPTC = b"\x1c\x02\x78\x00\x0bGrandmother"  # record 2, data set 120: the caption
ATTRIBUTES = b'<rdf:Description tiff:Orientation="6" exif:PixelXDimension="400" dc:title="tiff:Orientation"/>'
ELEMENTS = b"<tiff:Orientation>6</tiff:Orientation><tiff:ImageLength>300</tiff:ImageLength>"


def resource(number, content, name=b"\0\0"):
    return (
        b"8BIM"
        + number.to_bytes(2, "big")
        + name
        + len(content).to_bytes(4, "big")
        + content
        + b"\0" * (len(content) % 2)
    )


def test_xmp_says_upright_in_both_ways_of_writing():
    assert upright_xmp(ATTRIBUTES) == ATTRIBUTES.replace(b'Orientation="6"', b'Orientation="1"')
    assert upright_xmp(ELEMENTS) == ELEMENTS.replace(b">6<", b">1<")


def test_xmp_says_the_new_size_where_it_says_one():
    assert xmp_with_size(ATTRIBUTES, 800, 600) == ATTRIBUTES.replace(b'"400"', b'"800"')
    assert xmp_with_size(ELEMENTS, 800, 600) == ELEMENTS.replace(b">300<", b">600<")


def test_thumbnails_in_xmp_go():
    packet = b"<a/><xmp:Thumbnails><rdf:Alt>small</rdf:Alt></xmp:Thumbnails><b/>"
    assert upright_xmp(packet) == b"<a/><b/>"


def test_thumbnails_of_photoshop_go_and_all_else_stays():
    path = resource(2000, b"a path", b"\x03one")
    assert without_thumbnails(path + resource(0x040C, b"small") + resource(1005, b"dpi")) == path + resource(
        1005, b"dpi"
    )


def test_resources_that_are_cut_short_end_there():
    whole = resource(1005, b"size")
    assert without_thumbnails(whole + resource(2000, b"a path")[:-3]) == whole


def test_iptc_is_found_behind_other_resources():
    assert iptc_of_photoshop(resource(1005, b"odd") + photoshop_with(IPTC)) == IPTC


def test_iptc_is_read_by_another_library(tmp_path):
    content = PHOTOSHOP_START + photoshop_with(IPTC)
    PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    segment = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
    (tmp_path / "b.jpg").write_bytes(data[:2] + segment + data[2:])
    with PIL.Image.open(tmp_path / "b.jpg") as picture:
        assert IptcImagePlugin.getiptcinfo(picture) == {(2, 120): b"Grandmother"}
