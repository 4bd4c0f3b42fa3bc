"""Photos turned by quarters."""

from dataclasses import replace

import numpy as np

from retrato.images.photo import Photo


def turn_photo(photo: Photo, quarters: int) -> Photo:
    """The photo turned by so many times 90 degrees against the clock, its stored pixels and transparency with it."""
    if quarters % 4 == 0:
        return photo
    image = _turned(photo.image, quarters)
    stored = photo.stored
    if stored is not None:
        stored = replace(stored, values=image if stored.values is photo.image else _turned(stored.values, quarters))
    alpha = None if photo.alpha is None else _turned(photo.alpha, quarters)
    dots = photo.dots_per_inch
    if dots is not None and quarters % 2:
        dots = dots[1], dots[0]
    return replace(photo, image=image, stored=stored, alpha=alpha, dots_per_inch=dots)


def _turned(values: np.ndarray, quarters: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(values, quarters))
