"""What stands beside the pixels in more than one format: XMP, IPTC, Photoshop's resources."""

import re
import struct
from collections.abc import Iterator

_XMP_SIZES = {b"tiff:ImageWidth": 0, b"tiff:ImageLength": 1, b"exif:PixelXDimension": 0, b"exif:PixelYDimension": 1}

PHOTOSHOP_START = b"Photoshop 3.0\0"
IPTC_RESOURCE = 0x0404
_THUMBNAIL_RESOURCES = frozenset({0x0409, 0x040C})
_XMP_THUMBNAILS = (b"xmp:Thumbnails", b"xap:Thumbnails")


def upright_xmp(xmp: bytes) -> bytes:
    """The packet of a photo that was turned, without thumbnails, which show the photo as it was."""
    for name in _XMP_THUMBNAILS:
        xmp = _without_elements(xmp, name)
    return _with_value(xmp, b"tiff:Orientation", 1)


def xmp_with_size(xmp: bytes, width: int, height: int) -> bytes:
    """The packet of a photo of that many pixels; what says nothing of its size goes on saying nothing."""
    for name, side in _XMP_SIZES.items():
        xmp = _with_value(xmp, name, (width, height)[side])
    return xmp


def _without_elements(xmp: bytes, name: bytes) -> bytes:
    """In two steps for each, for one expression would look from every beginning for an end that may not be there."""
    beginning, ending = re.compile(b"<" + name + rb"\b"), b"</" + name + b">"
    kept, position = [], 0
    while (found := beginning.search(xmp, position)) and (end := xmp.find(ending, found.start())) >= 0:
        kept.append(xmp[position : found.start()])
        position = end + len(ending)
    return b"".join([*kept, xmp[position:]])


def _with_value(xmp: bytes, name: bytes, number: int) -> bytes:
    """In both ways of writing a simple value: as an attribute, and as an element."""
    value = str(number).encode()
    xmp = re.sub(rb"(\b" + name + rb"\s*=\s*[\"'])[^\"'<>]*(?=[\"'])", rb"\g<1>" + value, xmp)
    return re.sub(rb"(<" + name + rb"\s*>)[^<>]*(?=</)", rb"\g<1>" + value, xmp)


def photoshop_resources(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, name (padded, with its length) and content of each resource, as far as they can be read.

    Adobe Photoshop File Formats Specification, Image Resource Blocks.
    """
    position = 0
    while data[position : position + 4] == b"8BIM" and position + 12 <= len(data):
        number = int.from_bytes(data[position + 4 : position + 6], "big")
        name_end = position + 7 + data[position + 6]
        name_end += (name_end - position) % 2
        length = int.from_bytes(data[name_end : name_end + 4], "big")
        content = data[name_end + 4 : name_end + 4 + length]
        if len(content) < length or name_end + 4 > len(data):
            return
        yield number, data[position + 6 : name_end], content
        position = name_end + 4 + length + length % 2


def without_thumbnails(data: bytes) -> bytes:
    """Photoshop's resources without those that show the photo as it was."""
    kept = ((*each,) for each in photoshop_resources(data) if each[0] not in _THUMBNAIL_RESOURCES)
    return b"".join(_resource(*each) for each in kept)


def iptc_of_photoshop(data: bytes) -> bytes | None:
    """The IPTC records among Photoshop's resources."""
    return next((content for number, _, content in photoshop_resources(data) if number == IPTC_RESOURCE), None)


def photoshop_with(iptc: bytes) -> bytes:
    """Photoshop's resources that hold nothing but IPTC records, as JPEG needs them."""
    return _resource(IPTC_RESOURCE, b"\0\0", iptc)


def _resource(number: int, name: bytes, content: bytes) -> bytes:
    return (
        b"8BIM" + struct.pack(">H", number) + name + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    )
