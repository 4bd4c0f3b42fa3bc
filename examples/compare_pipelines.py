"""What our own pipeline does differently, on a portrait of NASA's (public domain), with the same restorer in both.

    python examples/compare_pipelines.py docs/pipelines.jpg

Each row: the photo, the published pipeline (square mask), ours. A grainy photo; a face cut off by the photo's edge; a
grey photo with a faint cast of colour from JPEG.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage.data import astronaut

from retrato import Photo, PhotoRestorer, write_image
from retrato.restoration.pipeline import MTCNN, FaceMask, PublishedPipeline
from retrato.shapes import Image

TILE = 420


@dataclass(frozen=True, eq=False)
class Case:
    """A photo, and the part of it to show."""

    image: Image
    rows: slice
    columns: slice


def main() -> None:
    """Restore each case both ways, side by side."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("target", type=Path)
    target = options.parse_args().target
    ways = [
        PhotoRestorer.from_weights(pipeline=PublishedPipeline(MTCNN, FaceMask.SQUARE)),
        PhotoRestorer.from_weights(),
    ]
    rows = []
    for case in cases():
        images = [case.image, *(restore(Photo(case.image)).image for restore in ways)]
        rows.append(np.hstack([tile(image[case.rows, case.columns]) for image in images]))
    write_image(Photo(np.vstack(rows)), target, replace=True)


def cases() -> Iterator[Case]:
    """The photos."""
    rng = np.random.default_rng(0)
    soft = cv2.GaussianBlur(astronaut(), (0, 0), 1.2)
    grain = cv2.GaussianBlur(rng.normal(0, 22, soft.shape[:2]), (0, 0), 0.7)[..., None]
    yield Case((soft + grain).clip(0, 255).astype(np.uint8), slice(0, 260), slice(90, 350))
    cut_off = soft[62:, 186:].copy()
    yield Case(cut_off, slice(0, 200), slice(0, 200))
    grey = np.repeat(cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    worn = cv2.GaussianBlur(grey, (0, 0), 1.5) * 0.6 + 60 + grain * 0.5
    yield Case(worn.clip(0, 255).astype(np.uint8), slice(0, 260), slice(90, 350))


def tile(image: Image) -> Image:
    """As large as all tiles."""
    return cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_CUBIC)


if __name__ == "__main__":
    main()
