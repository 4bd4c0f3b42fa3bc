import numpy as np
import pytest

from retrato.faces.face import Box, Face
from retrato.images.files import write_image
from retrato.images.photo import Photo
from retrato.restoration.folders import work
from retrato.restoration.photo import PhotoRestorer

SHAPE = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])
FACE = Face(Box(7.0, 9.0, 60.0, 70.0), np.array([24.0, 30.0]) + 24 * SHAPE, 0.99)


class Brighter:
    name = "what brightens"
    size = 32

    def __call__(self, faces):
        return (faces + 0.5).clamp(-1, 1)


def find(image):
    """Dark pictures have no face."""
    return [FACE] if image.mean() > 50 else []


@pytest.fixture
def restorer():
    return PhotoRestorer(find, Brighter())


@pytest.fixture(autouse=True)
def loaded(monkeypatch, restorer):
    """Every process has this restorer; how often one was loaded."""
    times = []

    def load(settings, watch=iter):
        times.append(settings)
        return restorer

    monkeypatch.setattr(work, "load_photo_restorer", load)
    return times


@pytest.fixture
def album(tmp_path):
    """Three photos with a face, one without, one that is none."""
    rng = np.random.default_rng(0)
    for name in ("a.png", "b/c.png", "d.png"):
        write_image(Photo(rng.integers(90, 140, (80, 70, 3), dtype=np.uint8)), tmp_path / "album" / name)
    write_image(Photo(np.zeros((80, 70, 3), np.uint8)), tmp_path / "album" / "dark.png")
    (tmp_path / "album" / "no.png").write_text("dear diary")
    return tmp_path / "album"
