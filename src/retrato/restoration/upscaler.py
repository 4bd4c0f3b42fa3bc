"""Anything that makes a photo larger, for what is around the faces."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F

from retrato.degradation import grey
from retrato.device import DeviceName, choose_device
from retrato.faces.alignment import Region
from retrato.images.resizing import Resized, enlarge, resize
from retrato.images.tensors import to_image, to_pictures
from retrato.networks.rrdbnet import RRDBNet
from retrato.networks.srvgg import SRVGG
from retrato.precision import fastest_precision
from retrato.restoration.colour import is_grey
from retrato.shapes import Enlarged, Image
from retrato.weights.upscalers import load_upscaler

LANCZOS = "lanczos"
TILE_SIZE = 400
"""Width and height of what goes through a network at once, as published; it bounds the memory."""
TILE_MARGIN = 34
"""Pixels around a tile that the network sees as well: all that can change a pixel of realesr-general-x4v3, whose tiles
are therefore exactly what the whole picture would give. With the published 10 px, tiles differed by up to 17 levels
where they meet (benchmarks/results.md)."""

Watch = Callable[[Sequence[Region]], Iterable[Region]]
"""Takes what is to be done and gives the same, such as tqdm, which shows how far it is."""


@runtime_checkable
class Upscaler(Protocol):
    """A picture in, the same picture with more pixels out."""

    @property
    def name(self) -> str:
        """What it is, in the words of a record: kind and weights."""
        ...

    @property
    def guesses(self) -> bool:
        """Whether it draws detail that the picture does not have, so that the result must say so."""
        ...

    def __call__(self, image: Image, factor: int) -> Resized:
        """The picture, each side exactly `factor` times as long."""
        ...


@dataclass(frozen=True)
class LanczosUpscaler:
    """Interpolates, and draws nothing."""

    name = "Lanczos"
    guesses = False

    def __call__(self, image: Image, factor: int) -> Resized:
        """The picture, each side `factor` times as long."""
        return enlarge(image, factor)


class RealESRGANUpscaler:
    """A network of Real-ESRGAN with weights, as an `Upscaler`. Grey pictures stay grey."""

    guesses = True

    def __init__(
        self,
        network: SRVGG | RRDBNet,
        name: str,
        device: torch.device,
        *,
        tile_size: int = TILE_SIZE,
        watch: Watch = iter,
    ) -> None:
        """Put the parts together.

        Args:
            network: with weights.
            name: kind and weights.
            device: where to compute; in bfloat16 where that is faster.
            tile_size: pixels of the picture that go through the network at once, along each side; even.
            watch: is given the tiles of each picture, and gives them on.
        """
        if tile_size < 2 or tile_size % 2:
            raise ValueError(f"tile_size must be an even number of pixels, found {tile_size}")
        # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
        self._network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._name = name
        self._tile_size = tile_size
        self._margin = min(TILE_MARGIN, network.reach)
        self._watch = watch

    @classmethod
    def from_weights(
        cls, name_or_file: str | Path, device: DeviceName | str = DeviceName.AUTO, watch: Watch = iter
    ) -> "RealESRGANUpscaler":
        """The upscaler with weights of a catalog name, such as realesr-general-x4v3, or of a file.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        network = load_upscaler(name_or_file)
        return cls(network, f"Real-ESRGAN, weights {Path(name_or_file).name}", choose_device(device), watch=watch)

    @property
    def name(self) -> str:
        """Kind and weights."""
        return self._name

    def __call__(self, image: Image, factor: int) -> Resized:
        """The picture, each side `factor` times as long.

        Networks have a factor of their own. Where that is a multiple, squares of its pixels are averaged; where it is
        not, what the network gives is resampled, as Real-ESRGAN does.

        Raises:
            ValueError: the factor is less than 2, or the network gives values that are no numbers.
        """
        if factor < 2:
            raise ValueError(f"a network enlarges pictures, found the factor {factor}: choose 2 or more")
        own = self._network.config.factor
        averaged = own // factor if own % factor == 0 else 1
        drawn = self._drawn(image, averaged)
        if own == averaged * factor:
            return drawn
        return resize(drawn, image.shape[1] * factor, image.shape[0] * factor)

    def _drawn(self, image: Image, averaged: int) -> Resized:
        """What the network gives, with squares of `averaged` pixels averaged; only tiles are ever larger than that."""
        height, width = image.shape[:2]
        factor = self._network.config.factor // averaged
        canvas = np.empty((height * factor, width * factor, 3), np.uint8)
        without_colour = is_grey(image)
        for tile in self._watch(tiles(image, self._tile_size)):
            drawn = F.avg_pool2d(self._tile(image, tile).clamp(-1, 1), averaged)
            rows, columns = (slice(each.start * factor, each.stop * factor) for each in tile.slices)
            canvas[rows, columns] = to_image((grey(drawn) if without_colour else drawn)[0])
        return canvas

    @torch.no_grad()
    def _tile(self, image: Image, tile: Region) -> Enlarged:
        """What the network gives for a tile when it sees the margin, too."""
        margin = self._margin
        seen = Region(tile.left - margin, tile.top - margin, tile.right + margin, tile.bottom + margin).within(image)
        pictures = to_pictures([image[seen.slices]]).to(self._device, memory_format=torch.channels_last)
        with fastest_precision(self._device).on(self._device):
            drawn: Enlarged = self._network(pictures)
        factor = self._network.config.factor
        left, top = (tile.left - seen.left) * factor, (tile.top - seen.top) * factor
        right, bottom = (tile.right - seen.left) * factor, (tile.bottom - seen.top) * factor
        return drawn[:, :, top:bottom, left:right]


def load_background(
    name_or_file: str | Path, device: DeviceName | str = DeviceName.AUTO, watch: Watch = iter
) -> Upscaler:
    """Lanczos, or a network of Real-ESRGAN, by what a person calls them.

    Raises:
        UnknownWeights: neither lanczos, nor a known name, nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing, broken or holds something else.
        UnavailableDevice: this machine has no such device.
    """
    if str(name_or_file) == LANCZOS:
        return LanczosUpscaler()
    return RealESRGANUpscaler.from_weights(name_or_file, device, watch)


def tiles(image: Image, size: int) -> list[Region]:
    """Squares that cover the picture side by side, row by row; those at the right and below may be smaller."""
    height, width = image.shape[:2]
    corners = [(left, top) for top in range(0, height, size) for left in range(0, width, size)]
    return [Region(left, top, min(left + size, width), min(top + size, height)) for left, top in corners]
