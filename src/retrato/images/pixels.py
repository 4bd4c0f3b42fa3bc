"""From a picture that Pillow opened to its pixels, in the depth and colours of the file."""

import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from retrato.errors import UnreadableImage
from retrato.images.colours import LAB_SIGNS, UnusableProfile, conversion_of, is_for
from retrato.images.photo import Colours, StoredPixels

logger = logging.getLogger(__name__)

_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored, 1),
}
"""What makes each EXIF orientation upright."""

_LOWER_BYTES = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""Pillow keeps the upper byte of 16-bit colour; told the other byte order, it keeps the lower one."""
_DEEP = {"RGB;16": Colours.RGB, "RGBA;16": Colours.RGB, "CMYK;16": Colours.CMYK}
_BITS, _PHOTOMETRIC, _PLANES, _APART = 258, 262, 284, 2
_DEEP_GREY_WITH_ALPHA = "LA;16B"

BAND_HEIGHT = 512
"""Rows of 16-bit colour whose lower bytes are added at a time."""

OpenAgain = Callable[[], AbstractContextManager[ImageFile]]


@dataclass(frozen=True, eq=False)
class Pixels:
    """What was found."""

    stored: StoredPixels
    alpha: np.ndarray | None = None
    """(H, W), as deep as the pixels."""
    remarks: tuple[str, ...] = ()

    def turned(self, orientation: int) -> "Pixels":
        """Made upright."""
        turn = _TURNS.get(orientation)
        if turn is None:
            return self
        upright = StoredPixels(
            np.ascontiguousarray(turn(self.stored.values)), self.stored.colours, self.stored.icc_profile
        )
        alpha = None if self.alpha is None else np.ascontiguousarray(turn(self.alpha))
        return Pixels(upright, alpha, self.remarks)


def read_pixels(picture: ImageFile, open_again: OpenAgain) -> Pixels:
    """The pixels of an opened picture, as they lie in the file; Pillow itself turns those of a TIFF upright.

    Args:
        picture: not loaded yet.
        open_again: the same once more, for the lower bytes of 16-bit colour.

    Raises:
        UnreadableImage: grey values that have no clear white, or 16-bit colour one channel after another.
    """
    _require_channels_together(picture)
    raw_mode = _raw_mode(picture)
    if raw_mode == _DEEP_GREY_WITH_ALPHA:
        found = _deep_grey_with_alpha(picture)
    elif raw_mode[:-1] in _DEEP:
        found = _deep_colour(picture, _DEEP[raw_mode[:-1]], open_again)
    else:
        remarks = ("of its 16 bits only the upper 8 are read",) if ";16" in raw_mode and "I" not in raw_mode else ()
        found = _with_remarks(_shallow(picture), remarks)
    return _with_profile(found, picture.info.get("icc_profile"))


def _require_channels_together(picture: ImageFile) -> None:
    if isinstance(picture, TiffImageFile) and picture.tag_v2.get(_PLANES) == _APART:
        bits = picture.tag_v2.get(_BITS, (8,))
        if max(bits) > 8 and len(bits) > 1:  # Pillow would read noise
            raise UnreadableImage(
                f"a TIFF with {max(bits)} bits whose channels lie apart (planar), which is not read; "
                "save it with the channels interleaved (chunky)"
            )


def _raw_mode(picture: ImageFile) -> str:
    """How Pillow calls what lies in the file; nothing where each part of it has another."""
    arguments = {tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0] for tile in picture.tile}
    return str(arguments.pop()) if len(arguments) == 1 else ""


def _deep_colour(picture: ImageFile, colours: Colours, open_again: OpenAgain) -> Pixels:
    values = np.array(picture, dtype=np.uint16)
    values <<= 8
    with open_again() as again:
        again.tile = [tile._replace(args=_lower(tile.args)) for tile in again.tile]
        for top in range(0, again.height, BAND_HEIGHT):  # all rows at once would be copied once more
            bottom = min(top + BAND_HEIGHT, again.height)
            values[top:bottom] |= np.asarray(again.crop((0, top, again.width, bottom)))
    channels = 4 if colours is Colours.CMYK else 3
    key = picture.info.get("transparency")
    alpha = np.ascontiguousarray(values[..., channels]) if values.shape[2] > channels else _keyed(values, key)
    return Pixels(StoredPixels(np.ascontiguousarray(values[..., :channels]), colours), alpha)


def _lower(arguments: tuple[Any, ...] | str | None) -> tuple[Any, ...] | str:
    if isinstance(arguments, str):
        return arguments[:-1] + _LOWER_BYTES[arguments[-1]]
    assert arguments is not None  # it named a raw mode
    return (_lower(arguments[0]), *arguments[1:])


def _deep_grey_with_alpha(picture: ImageFile) -> Pixels:
    """Pillow has no place for it, but one for four bytes a pixel."""
    picture.tile = [tile._replace(args="RGBA") for tile in picture.tile]
    pairs = np.array(picture).view(">u2").astype(np.uint16)  # (H, W, 2)
    return Pixels(StoredPixels(np.ascontiguousarray(pairs[..., 0]), Colours.GREY), np.ascontiguousarray(pairs[..., 1]))


def _keyed(values: np.ndarray, key: object) -> np.ndarray | None:
    """The transparency of a picture in which one colour is transparent."""
    if key is None:
        return None
    same = values == np.array(key, values.dtype)
    most = np.iinfo(values.dtype).max
    return np.where(same.all(-1) if values.ndim == 3 else same, 0, most).astype(values.dtype)


def _shallow(picture: ImageFile) -> Pixels:
    """Pixels of 8 bits a channel, of 1 bit, and all grey ones."""
    picture.load()
    if picture.mode.startswith("I;16"):
        values = _deep_grey(picture)
        return Pixels(StoredPixels(values, Colours.GREY), _keyed(values, picture.info.get("transparency")))
    if picture.mode in {"I", "F"}:
        levels = _scaled_to_8_bits(np.asarray(picture))
        return Pixels(StoredPixels(levels, Colours.GREY), None, ("its 32-bit grey becomes 8-bit grey",))
    opaque, alpha = _split_transparency(picture)
    remarks = ("its 1-bit black and white becomes 8-bit grey",) if opaque.mode == "1" else ()
    return Pixels(_stored(opaque), alpha, remarks)


def _stored(opaque: PIL.Image.Image) -> StoredPixels:
    match opaque.mode:
        case "1" | "L":
            return StoredPixels(np.array(opaque.convert("L")), Colours.GREY)
        case "CMYK":
            return StoredPixels(np.array(opaque), Colours.CMYK)
        case "LAB":
            return StoredPixels(np.array(opaque) ^ LAB_SIGNS, Colours.LAB)
        case _:
            return StoredPixels(np.array(opaque.convert("RGB")), Colours.RGB)


def _deep_grey(picture: ImageFile) -> np.ndarray:
    values = np.array(picture).astype(np.uint16)
    if not isinstance(picture, TiffImageFile):
        return values
    if picture.tag_v2.get(_BITS) == (12,):  # Pillow leaves them in the lower bits
        values = np.asarray((values << 4) | (values >> 8), np.uint16)
    return (
        ~values if picture.tag_v2.get(_PHOTOMETRIC) == 0 else values
    )  # white is 0, which Pillow knows for 8 bits only


def _scaled_to_8_bits(values: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """Grey values of any range; what they call white is not in the file, so 1, 255 and 65535 are told by the brightest.

    Raises:
        UnreadableImage: none of the three fits; a wrong guess would make a black or white picture.
    """
    darkest, brightest = float(values.min()), float(values.max())
    white = next((white for white in (1.0, 255.0, 65535.0) if brightest <= white), None)
    is_doubtful = white is None or (white > 1 and 0 < brightest < white / 16)
    if white is None or is_doubtful or not 0 <= darkest <= brightest:
        raise UnreadableImage(
            f"grey values from {darkest:g} to {brightest:g}, so white is unclear; save it with 8 bits"
        )
    return np.rint(values * (255 / white)).astype(np.uint8)


def _split_transparency(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, UInt8[np.ndarray, "h w"] | None]:
    """The colours as they are under the transparency, and the transparency."""
    if not picture.has_transparency_data:
        return picture, None
    is_grey = picture.mode in {"1", "L", "LA", "La"}
    layered = picture.convert("LA" if is_grey else "RGBA")
    opaque = layered.getchannel("L") if is_grey else layered.convert("RGB")
    return opaque, np.array(layered.getchannel("A"))


def _with_profile(found: Pixels, icc_profile: object) -> Pixels:
    """With the colour profile, if it is one for such colours and can be used."""
    if not isinstance(icc_profile, bytes) or not icc_profile or found.stored.colours is Colours.LAB:
        return found
    colours = found.stored.colours
    if not is_for(icc_profile, colours):
        return _with_remarks(found, (f"its colour profile is broken or not for {colours} and is left out",))
    try:
        conversion_of(colours, icc_profile)
    except UnusableProfile as error:
        logger.warning("leaving out a colour profile that cannot be used: %s", error)
        return _with_remarks(found, ("its colour profile cannot be used and is left out",))
    return Pixels(StoredPixels(found.stored.values, colours, icc_profile), found.alpha, found.remarks)


def _with_remarks(found: Pixels, remarks: tuple[str, ...]) -> Pixels:
    return Pixels(found.stored, found.alpha, found.remarks + remarks)
