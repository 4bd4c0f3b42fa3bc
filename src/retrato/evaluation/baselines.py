"""What anybody would try first, as restorers; a model that does not beat it is not worth its weights."""

from collections.abc import Callable
from enum import StrEnum

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from retrato.images.resizing import resize
from retrato.images.tensors import to_images, to_pictures
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces, Image

UNSHARP_SIGMA = 1 / 256
"""Of the blur that is taken away, in widths of the face: 1 px of 256."""
UNSHARP_AMOUNT = 1.0
"""How much of it: 100 % in the words of image editors."""
DENOISER_STRENGTH = 10
"""Of brightness and of colours, as OpenCV's own tutorial of its denoiser takes it."""
DENOISER_PATCH, DENOISER_SEARCH = 7, 21
"""Pixels, as OpenCV recommends them."""


class Baseline(StrEnum):
    """By name, as commands take it."""

    LANCZOS = "lanczos"
    """Half the size and back by Lanczos resampling: noise and blocks go, and so does what is finer than they."""
    UNSHARP = "unsharp"
    """Unsharp masking."""
    DENOISE = "denoise"
    """OpenCV's denoiser, non-local means (Buades et al., 2011)."""


class BaselineRestorer:
    """A baseline as a `FaceRestorer`, of any size."""

    def __init__(self, baseline: Baseline, size: int) -> None:
        self._baseline, self._size = baseline, size

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._size

    @property
    def name(self) -> str:
        """What it is."""
        return TITLES[self._baseline]

    def __call__(self, faces: Faces) -> Faces:
        """Improve faces of that size, on the CPU."""
        return to_pictures([APPLIED[self._baseline](image) for image in to_images(faces)])


class AtSize:
    """A restorer for faces of another size than its own: they are resampled before and after, by Lanczos."""

    def __init__(self, restorer: FaceRestorer, size: int) -> None:
        self._restorer, self._size = restorer, size

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._size

    @property
    def name(self) -> str:
        """The restorer's, and what is done around it."""
        return f"{self._restorer.name} (at {self._restorer.size} px)"

    def __call__(self, faces: Faces) -> Faces:
        """Restore faces of that size."""
        return _at_size(self._restorer(_at_size(faces, self._restorer.size)), self._size)


def at_size(restorer: FaceRestorer, size: int) -> FaceRestorer:
    """The restorer for faces of that size; itself, if that is its own."""
    return restorer if restorer.size == size else AtSize(restorer, size)


def _at_size(faces: Faces, size: int) -> Float[Tensor, "n 3 {size} {size}"]:
    return to_pictures([resize(image, size, size) for image in to_images(faces)])


def _half_and_back(image: Image) -> Image:
    size = len(image)
    return resize(resize(image, size // 2, size // 2), size, size)


def _sharpened(image: Image) -> Image:
    blurred = cv2.GaussianBlur(image, (0, 0), UNSHARP_SIGMA * len(image))
    return np.asarray(cv2.addWeighted(image, 1 + UNSHARP_AMOUNT, blurred, -UNSHARP_AMOUNT, 0))


def _denoised(image: Image) -> Image:
    bgr = np.ascontiguousarray(image[..., ::-1])  # it separates brightness from colours, and takes BGR
    strengths = DENOISER_STRENGTH, DENOISER_STRENGTH
    denoised = cv2.fastNlMeansDenoisingColored(bgr, None, *strengths, DENOISER_PATCH, DENOISER_SEARCH)
    return np.ascontiguousarray(denoised[..., ::-1])


APPLIED: dict[Baseline, Callable[[Image], Image]] = {
    Baseline.LANCZOS: _half_and_back,
    Baseline.UNSHARP: _sharpened,
    Baseline.DENOISE: _denoised,
}
TITLES = {
    Baseline.LANCZOS: "Lanczos, half size and back",
    Baseline.UNSHARP: "Unsharp masking",
    Baseline.DENOISE: "OpenCV's denoiser",
}
