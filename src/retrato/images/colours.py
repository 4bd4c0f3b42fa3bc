"""Between the colours of a file and sRGB, and a changed picture back into the file's own pixels."""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np
import PIL.Image
from jaxtyping import Int16, UInt8
from PIL import ImageCms

from retrato.images.photo import Colours, StoredPixels
from retrato.shapes import Image

Values = UInt8[np.ndarray, "h w *channels"]
"""Stored values, the upper 8 bits of each."""

BAND_HEIGHT = 256
"""Rows that are converted at a time, which bounds the memory for large scans."""

_MODES = {Colours.GREY: "L", Colours.RGB: "RGB", Colours.CMYK: "CMYK", Colours.LAB: "LAB"}
_SPACES = {Colours.GREY: b"GRAY", Colours.RGB: b"RGB ", Colours.CMYK: b"CMYK"}

LAB_SIGNS = np.array([0, 128, 128], np.uint8)
"""What turns Lab's a and b, from -128 to 127 in files, into 0 to 255, and back."""

_STRAY = 2
"""Levels by which sRGB's own profiles differ from each other, and by which grey may be off and still is grey."""
_MISSED = 3
"""Levels between what was wanted and what adding the change gave, from which on the colour is put there itself."""

UnusableProfile = ImageCms.PyCMSError


class Conversion(ABC):
    """Between stored values of 8 bits and sRGB."""

    @abstractmethod
    def to_srgb(self, values: Values) -> Image:
        """What the values look like."""

    @abstractmethod
    def changed(self, values: Values, before: Image, after: Image) -> Values:
        """Values that look like `after`, from ones that look like `before`."""


def is_for(icc_profile: bytes, colours: Colours) -> bool:
    """Whether something is a colour profile, for colours of that kind."""
    return icc_profile[36:40] == b"acsp" and icc_profile[16:20] == _SPACES.get(colours)


def to_srgb(stored: StoredPixels) -> Image:
    """What stored pixels look like, some rows at a time.

    Raises:
        UnusableProfile: the colour profile is broken.
    """
    conversion = conversion_of(stored.colours, stored.icc_profile)
    if isinstance(conversion, Same) and stored.bits == 8:
        return stored.values
    image = np.empty((*stored.values.shape[:2], 3), np.uint8)
    for rows in bands(len(image)):
        image[rows] = conversion.to_srgb(upper_bits(stored.values[rows]))
    return image


def with_image(stored: StoredPixels, image: Image) -> StoredPixels:
    """The stored pixels, changed where they do not look like `image`, and only there.

    Of 16 bits, the change is added to what was there, so that its finest shades stay. Grey pixels become RGB where the
    image has colour.

    Raises:
        UnusableProfile: the colour profile knows no way back from sRGB.
    """
    conversion = conversion_of(stored.colours, stored.icc_profile)
    if isinstance(conversion, Same) and stored.bits == 8:
        return replace(stored, values=image)
    if stored.colours is Colours.GREY and has_colour(image):
        return with_image(_coloured(stored), image)
    values = stored.values
    for rows in bands(len(image)):
        upper = upper_bits(stored.values[rows])
        before = conversion.to_srgb(upper)
        differs = (before != image[rows]).any(-1)
        if not differs.any():
            continue
        values = stored.values.copy() if values is stored.values else values
        change = conversion.changed(upper, before, image[rows]).astype(np.int16) - upper
        values[rows] = np.where(_like(differs, change), _added(values[rows], change), values[rows])
    return replace(stored, values=values)


def has_colour(image: Image) -> bool:
    """Whether any pixel is visibly not grey."""
    return any((image[rows].max(-1) - image[rows].min(-1)).max() > _STRAY for rows in bands(len(image)))


def bands(height: int) -> Iterator[slice]:
    """All rows, some at a time."""
    for top in range(0, height, BAND_HEIGHT):
        yield slice(top, min(top + BAND_HEIGHT, height))


def upper_bits(values: np.ndarray) -> Values:
    """The upper 8 bits of each value; exact for what was once 8 bits, whether times 256 or times 257."""
    return values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)


def _added(values: np.ndarray, change: Int16[np.ndarray, "h w *channels"]) -> np.ndarray:
    if values.dtype == np.uint8:
        return np.asarray((values + change).clip(0, 255).astype(np.uint8))
    return np.asarray((values + change.astype(np.int32) * 257).clip(0, 65535).astype(np.uint16))


def _like(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    return mask if values.ndim == 2 else mask[..., None]


def _coloured(stored: StoredPixels) -> StoredPixels:
    """Grey pixels as RGB ones; a profile for grey does not fit them, so they look as it says instead."""
    if stored.icc_profile is not None:
        return StoredPixels(to_srgb(stored), Colours.RGB)
    return StoredPixels(np.repeat(stored.values[..., None], 3, axis=-1), Colours.RGB)


@lru_cache(maxsize=8)
def conversion_of(colours: Colours, icc_profile: bytes | None) -> Conversion:
    """The way between such pixels and sRGB.

    Raises:
        UnusableProfile: the colour profile is broken.
    """
    if colours is Colours.LAB:
        return ThroughProfile(Colours.LAB, ImageCms.createProfile("LAB"))
    if icc_profile is not None:
        try:
            through = ThroughProfile(colours, ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)))
        except OSError as error:
            raise UnusableProfile(str(error)) from error
        if not (colours is Colours.RGB and through.changes_little()):
            return through
    return {Colours.GREY: Grey(), Colours.RGB: Same(), Colours.CMYK: Inks()}[colours]


class Same(Conversion):
    """RGB that is sRGB."""

    def to_srgb(self, values: Values) -> Image:
        """The values themselves."""
        return values

    def changed(self, values: Values, before: Image, after: Image) -> Values:  # noqa: ARG002
        """The colours themselves."""
        return after


class Grey(Conversion):
    """Grey with sRGB's curve."""

    def to_srgb(self, values: Values) -> Image:
        """Three equal channels."""
        return np.repeat(values[..., None], 3, axis=-1)

    def changed(self, values: Values, before: Image, after: Image) -> Values:  # noqa: ARG002
        """The mean of three channels that are almost equal."""
        return np.rint(after.mean(-1, dtype=np.float32)).astype(np.uint8)


class Inks(Conversion):
    """CMYK of which nothing is known: each ink takes its colour from white paper, as programs show it then."""

    def to_srgb(self, values: Values) -> Image:
        """Light that is left: (1 - ink) (1 - black)."""
        light = 255 - values.astype(np.uint32)
        return ((light[..., :3] * light[..., 3:] + 127) // 255).astype(np.uint8)

    def changed(self, values: Values, before: Image, after: Image) -> Values:  # noqa: ARG002
        """As much black ink as there was, unless the colour is too bright for that."""
        wanted = after.astype(np.float32)
        light = np.maximum(
            255 - values[..., 3:].astype(np.float32), wanted.max(-1, keepdims=True)
        )  # black lets through
        inks = 255 - 255 * wanted / np.maximum(light, 1)
        return np.rint(np.concatenate([inks, 255 - light], axis=-1)).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class ThroughProfile(Conversion):
    """Colours that a profile describes, or Lab."""

    colours: Colours
    profile: object

    def __post_init__(self) -> None:
        """Find out at once whether the profile can be used."""
        self._transform(is_back=False)

    def to_srgb(self, values: Values) -> Image:
        """As the profile says, in its perceptual rendering."""
        return self._applied(values, is_back=False)

    def changed(self, values: Values, before: Image, after: Image) -> Values:
        """The change that the profile sees between both colours, added.

        So colours that sRGB does not have stay, as do a printer's decisions about black ink. Where adding runs into a
        limit, the profile's own values for the colour are better and are taken.
        """
        own = self._applied(after, is_back=True)
        added = self._plus(values, own, self._applied(before, is_back=True))
        still_off = after.astype(np.int16) - self.to_srgb(added)  # other amounts of black ink make a step too long
        beyond = (after + still_off).clip(0, 255).astype(np.uint8)
        added = self._plus(added, self._applied(beyond, is_back=True), own)
        missed, missed_by_own = (self._distance(each, after) for each in (added, own))
        takes_own = (missed > _MISSED) & (missed_by_own < missed)
        return np.asarray(np.where(_like(takes_own, own), own, added))

    def _plus(self, values: Values, more: Values, less: Values) -> Values:
        return np.asarray((values + (more.astype(np.int16) - less)).clip(0, 255).astype(np.uint8))

    def changes_little(self) -> bool:
        """Whether it is sRGB under whatever name."""
        levels = np.arange(0, 256, 17, dtype=np.uint8)
        cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, -1, 3)
        return bool(self._distance(cube, cube).max() <= _STRAY)

    def _distance(self, values: Values, image: Image) -> Int16[np.ndarray, "h w"]:
        return np.asarray(np.abs(self.to_srgb(values).astype(np.int16) - image).max(-1))

    def _applied(self, values: np.ndarray, *, is_back: bool) -> np.ndarray:
        mode = "RGB" if is_back else _MODES[self.colours]
        values = values if is_back or self.colours is not Colours.LAB else values ^ LAB_SIGNS
        picture = PIL.Image.frombytes(mode, values.shape[1::-1], np.ascontiguousarray(values).tobytes())
        converted = ImageCms.applyTransform(picture, self._transform(is_back=is_back))
        assert converted is not None  # it is None only when converting in place
        array = np.array(converted)
        return array ^ LAB_SIGNS if is_back and self.colours is Colours.LAB else array

    @lru_cache(maxsize=2)  # noqa: B019 (few live, and each is kept by a cache anyway)
    def _transform(self, *, is_back: bool) -> ImageCms.ImageCmsTransform:
        srgb = cast("ImageCms.ImageCmsProfile", ImageCms.createProfile("sRGB"))
        own, mode = cast("ImageCms.ImageCmsProfile", self.profile), _MODES[self.colours]
        ends = (srgb, own, "RGB", mode) if is_back else (own, srgb, mode, "RGB")
        return ImageCms.buildTransform(*ends)
