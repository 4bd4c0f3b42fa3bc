"""Writes the 1,797 handwritten digits that come inside scikit-learn as pictures, to train on.

    python examples/write_digits.py digits/
    retrato train dcgan-28-digits --data digits/ --run runs/digits

They are 8 px large (Alpaydin and Kaynak, 1998); training enlarges them.
"""

import sys
from pathlib import Path

import numpy as np

from retrato import Photo, write_image
from retrato.errors import MissingPackage

LEVELS = 16
"""Of the brightest pixel."""


def main(folder: Path) -> None:
    """One PNG each, named by digit and number."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise MissingPackage("scikit-learn", "samples") from None
    digits = load_digits()
    for number, (picture, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        levels = (picture * (255 / LEVELS)).round().astype(np.uint8)
        write_image(Photo(np.stack([levels] * 3, 2)), folder / f"{digit}-{number:04}.png", replace=True)
    print(f"{len(digits.images)} digits -> {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "digits"))
