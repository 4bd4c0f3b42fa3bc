"""Retrato restores faces in old, blurred, noisy and compressed photographs with GFP-GAN.

>>> import retrato
>>> restore = retrato.PhotoRestorer.from_weights("bundled")
>>> result = restore(retrato.read_image("grandmother.jpg"))  # doctest: +SKIP
>>> retrato.write_image(result.photo, "grandmother-restored.jpg")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrato.errors import RetratoError
    from retrato.faces.detector import FaceDetector
    from retrato.faces.face import Face, FaceCrop
    from retrato.faces.mtcnn import MTCNNDetector
    from retrato.images.files import read_image, write_image
    from retrato.images.photo import Photo
    from retrato.restoration.photo import PhotoRestorer
    from retrato.restoration.restored import RestoredFace, RestoredPhoto
    from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer
    from retrato.restoration.upscaler import Upscaler

__version__ = "0.1.0"

_HOMES = {
    "Face": "retrato.faces.face",
    "FaceCrop": "retrato.faces.face",
    "FaceDetector": "retrato.faces.detector",
    "FaceRestorer": "retrato.restoration.restorer",
    "GFPGANRestorer": "retrato.restoration.restorer",
    "MTCNNDetector": "retrato.faces.mtcnn",
    "Photo": "retrato.images.photo",
    "PhotoRestorer": "retrato.restoration.photo",
    "RestoredFace": "retrato.restoration.restored",
    "RestoredPhoto": "retrato.restoration.restored",
    "RetratoError": "retrato.errors",
    "Upscaler": "retrato.restoration.upscaler",
    "read_image": "retrato.images.files",
    "write_image": "retrato.images.files",
}
"""Where public names stand. Loaded on first use, so that importing retrato does not take as long as importing torch."""

__all__ = [
    "Face",
    "FaceCrop",
    "FaceDetector",
    "FaceRestorer",
    "GFPGANRestorer",
    "MTCNNDetector",
    "Photo",
    "PhotoRestorer",
    "RestoredFace",
    "RestoredPhoto",
    "RetratoError",
    "Upscaler",
    "read_image",
    "write_image",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'retrato' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
