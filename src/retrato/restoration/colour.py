"""Which pictures have no colour; what is drawn into them must have none either."""

import numpy as np

from retrato.shapes import Image

GREY_BELOW = 2 / 127.5
"""Mean difference between a grey picture's channels, which JPEG makes a little unequal; a sepia one's is larger."""
BAND_HEIGHT = 512
"""Rows that are looked at at a time, which bounds the memory."""


def is_grey(image: Image) -> bool:
    """Whether a picture has no colour that a person would see."""
    bands = (image[top : top + BAND_HEIGHT] for top in range(0, len(image), BAND_HEIGHT))
    difference = sum(int((band.max(2) - band.min(2)).sum(dtype=np.int64)) for band in bands)
    return difference / (image.shape[0] * image.shape[1]) < GREY_BELOW * 127.5
