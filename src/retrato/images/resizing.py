"""Pictures of another size, by Lanczos resampling."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL.Image import Resampling

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


def enlarge_photo(photo: Photo, factor: int, enlarge_image: Callable[[Image, int], Resized] = enlarge) -> Photo:
    """The photo with each side `factor` times as long, its transparency with it.

    Args:
        photo: of any size.
        factor: at least 1.
        enlarge_image: what enlarges the pixels; transparency is always resampled.
    """
    image = enlarge_image(photo.image, factor)
    if photo.alpha is None:
        return replace(photo, image=image)
    height, width = image.shape[:2]
    return replace(photo, image=image, alpha=np.array(_resized(PIL.Image.fromarray(photo.alpha), width, height)))


def _resized(picture: PIL.Image.Image, width: int, height: int) -> PIL.Image.Image:
    if min(width, height) < 1:
        raise ValueError(f"a picture of {width} x {height} pixels has no pixels; ask for at least 1 x 1")
    return picture.resize((width, height), Resampling.LANCZOS)
