"""Small trials, and measures that need no files."""

import PIL.Image
import pytest

from retrato.data import find_stored_images
from retrato.images.tensors import to_image
from retrato.metrics.measuring import Measures
from retrato.metrics.psnr import psnr
from retrato.metrics.sharpness import laplacian_variance


def mean_colour_cosine(pictures, targets):
    """In place of a recognition network: how alike the pictures' colours are, 1 for the same."""
    return 1 - (pictures.mean((1, 2, 3)) - targets.mean((1, 2, 3))).abs()


@pytest.fixture
def measures():
    pairs = {"psnr": psnr, "identity-mobilefacenet": mean_colour_cosine}
    return Measures(pairs, {"laplacian-variance": laplacian_variance}, {})


@pytest.fixture
def write_faces(tmp_path, faces):
    """Writes pictures of 64 px, by the names that are given, and finds them."""

    def write(folder, names=("a.png", "b.png", "c.png", "d.png"), pictures=None):
        place = tmp_path / folder
        place.mkdir()
        for name, face in zip(names, faces if pictures is None else pictures, strict=False):
            PIL.Image.fromarray(to_image(face)).save(place / name)
        return find_stored_images([place])

    return write


class Unchanged:
    size, name = 64, "nothing"

    def __call__(self, faces):
        return faces


class Black(Unchanged):
    name = "black"

    def __call__(self, faces):
        return faces * 0 - 1


@pytest.fixture
def unchanged():
    return Unchanged()


@pytest.fixture
def black():
    return Black()
