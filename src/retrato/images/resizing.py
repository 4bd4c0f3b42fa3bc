"""Pictures of another size, by Lanczos resampling."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL.Image import Resampling

from retrato.images.colours import to_srgb
from retrato.images.photo import Photo
from retrato.shapes import Image

Resized = UInt8[np.ndarray, "resized_h resized_w 3"]
"""RGB, 0 to 255, of another size than the `Image` it came from."""


def resize(image: Image, width: int, height: int) -> Resized:
    """The picture at exactly this size, whatever that does to its proportions.

    Raises:
        ValueError: a side would have no pixels.
    """
    return np.array(_resized(PIL.Image.fromarray(image), width, height))


def middle_square(image: Image, size: int) -> Resized:
    """The largest square in the picture's middle, at that size; a square picture of that size as it is."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(image[top : top + side, left : left + side])
    return square if side == size else resize(square, size, size)


def enlarge(image: Image, factor: int | float) -> Resized:
    """The picture with each side `factor` times as long, rounded to whole pixels; below 1 it shrinks.

    Raises:
        ValueError: a side would have no pixels.
    """
    height, width = image.shape[:2]
    return resize(image, round(width * factor), round(height * factor))


def enlarge_photo(photo: Photo, factor: int, draw: Callable[[Image, int], Resized] | None = None) -> Photo:
    """The photo with each side `factor` times as long, its stored pixels and transparency with it.

    Args:
        photo: of any size.
        factor: at least 1.
        draw: what draws the picture larger where it should not be resampled, such as a model. Stored pixels and
            transparency are always resampled; what the drawn picture shows beyond them is added when it is written.
    """
    width, height = photo.width * factor, photo.height * factor
    alpha = None if photo.alpha is None else _resized_values(photo.alpha, width, height)
    stored = photo.stored
    if stored is None or stored.values is photo.image:  # held once, and larger still
        image = (draw or enlarge)(photo.image, factor)
        stored = None if stored is None else replace(stored, values=image)
        return replace(photo, image=image, alpha=alpha, stored=stored)
    stored = replace(stored, values=_resized_values(stored.values, width, height))
    image = to_srgb(stored) if draw is None else draw(photo.image, factor)
    return replace(photo, image=image, alpha=alpha, stored=stored)


def _resized_values(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """Channel by channel, as Pillow resizes no colours of 16 bits."""
    if values.ndim == 2:
        return _resized_channel(values, width, height)
    resized = np.empty((height, width, values.shape[2]), values.dtype)
    for channel in range(values.shape[2]):
        resized[..., channel] = _resized_channel(values[..., channel], width, height)
    return resized


def _resized_channel(values: np.ndarray, width: int, height: int) -> np.ndarray:
    if values.dtype == np.uint8:
        return np.array(_resized(PIL.Image.fromarray(np.ascontiguousarray(values)), width, height))
    resized = np.array(_resized(PIL.Image.fromarray(values.astype(np.float32)), width, height))
    return np.rint(resized, out=resized).clip(0, 65535, out=resized).astype(np.uint16)


def _resized(picture: PIL.Image.Image, width: int, height: int) -> PIL.Image.Image:
    if min(width, height) < 1:
        raise ValueError(f"a picture of {width} x {height} pixels has no pixels; ask for at least 1 x 1")
    return picture.resize((width, height), Resampling.LANCZOS)
