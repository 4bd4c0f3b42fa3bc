"""From one kind of picture to another, with Pix2Pix or CycleGAN: sources in, translated pictures out."""

from enum import StrEnum
from pathlib import Path
from typing import assert_never

import cv2
import numpy as np
import torch

from retrato.degradation import grey
from retrato.device import DeviceName, choose_device
from retrato.errors import UnusableSetting, UnusableWeights
from retrato.images.tensors import to_images, to_pictures
from retrato.networks.cyclegan import ResidualTranslator
from retrato.networks.noise import noise_seeds
from retrato.networks.pix2pix import UNet
from retrato.shapes import Image, Pictures
from retrato.weights.load import describe_weights, load_translator, locate_weights
from retrato.weights.store import read_story

FAINT, STRONG = 60, 150
"""Slopes at which Canny's edges go on and begin, in levels of 255."""


class PairKind(StrEnum):
    """Where a source comes from."""

    OWN = "own"
    """Each target has a source of its own, in a file."""
    EDGES = "edges"
    """A drawing of the target's edges."""
    GREY = "grey"
    """The target without its colours."""
    DEGRADED = "degraded"
    """The target, blurred, noisy, small and compressed."""


def source_of(kind: PairKind, targets: Pictures) -> Pictures:
    """The sources that training makes of targets where chance has no part in it.

    Raises:
        ValueError: sources of that kind cannot be made of targets alone.
    """
    match kind:
        case PairKind.EDGES:
            return to_pictures([drawn_edges(each) for each in to_images(targets)]).to(targets.device)
        case PairKind.GREY:
            return grey(targets).contiguous()
        case PairKind.OWN | PairKind.DEGRADED:
            raise ValueError(f"a source of kind {kind} cannot be made of a target alone: give the source itself")
        case _:
            assert_never(kind)


def drawn_edges(image: Image) -> Image:
    """Edges as black lines on white, one pixel wide (Canny, 1986), as one would draw them with a pen."""
    soft = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    lines = cv2.Canny(soft, FAINT, STRONG, L2gradient=True)
    return np.repeat(255 - lines[..., None], 3, axis=2)


class Translator:
    """Pix2Pix, or one of CycleGAN's two, with weights; a `FaceRestorer` where it has learned from degraded faces."""

    def __init__(
        self,
        network: UNet | ResidualTranslator,
        weights: str,
        pairs: PairKind,
        device: torch.device,
        noise_seed: int | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            network: with its weights.
            weights: which these are, in words.
            pairs: what it has learned from; CycleGAN from pictures of its own, in no pairs.
            device: where to compute.
            noise_seed: decides which features are dropped, together with the picture, as in training and in the paper;
                none are by default, and the result is smoother for it. CycleGAN drops none.
        """
        self._network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._weights = weights
        self.pairs = pairs
        self._device = device
        self._noise_seed = noise_seed

    @classmethod
    def from_weights(
        cls,
        file: str | Path,
        device: DeviceName | str = DeviceName.AUTO,
        noise_seed: int | None = None,
        *,
        backwards: bool = False,
    ) -> "Translator":
        """The translator of a file that `retrato train` wrote; with `backwards` CycleGAN's other one.

        Raises:
            UnknownWeights: it is no file.
            UnusableSetting: Pix2Pix knows one direction only, and CycleGAN has no noise.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        network, chosen = load_translator(file), choose_device(device)
        if isinstance(network, UNet):
            if backwards:
                raise UnusableSetting(f"{file} holds a Pix2Pix, which translates in one direction: train another")
            return cls(network, describe_weights(file), pairs_of(file), chosen, noise_seed)
        if noise_seed is not None:
            raise UnusableSetting(f"{file} holds a CycleGAN, which has no noise that a seed could decide: leave it out")
        direction, translate = ("backwards", network.back) if backwards else ("forwards", network.forth)
        return cls(translate, f"{describe_weights(file)}, {direction}", PairKind.OWN, chosen)

    @property
    def size(self) -> int:
        """Width and height of the pictures that it takes."""
        return self._network.config.image_size

    @property
    def name(self) -> str:
        """Kind and weights, and the seed of the noise if there is any."""
        seed = "" if self._noise_seed is None else f", noise seed {self._noise_seed}"
        kind = "Pix2Pix" if isinstance(self._network, UNet) else "CycleGAN"
        return f"{kind}, {self._weights}{seed}"

    @torch.no_grad()
    def __call__(self, faces: Pictures) -> Pictures:
        """Translate pictures of `size`; the result is on the CPU, and does not hang on which are together."""
        on_device = faces.to(self._device, memory_format=torch.channels_last)
        if self._noise_seed is None:
            translated: Pictures = self._network(on_device)
        else:
            translated = self._network(on_device, noise_seeds(faces, self._noise_seed).to(self._device))
        return translated.cpu()


def pairs_of(file: str | Path) -> PairKind:
    """What a translator's weights have learned from, as their header says.

    Raises:
        UnknownWeights: it is no file.
        UnusableWeights: the header does not say.
    """
    found = read_story(locate_weights(file)).get("pairs", "nothing")
    try:
        return PairKind(found)
    except ValueError:
        raise UnusableWeights(f"{file} says that it has learned from {found} pairs, which is unknown here") from None
