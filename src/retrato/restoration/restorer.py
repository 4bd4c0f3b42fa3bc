"""Anything that restores aligned faces."""

import zlib
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from retrato.device import DeviceName, choose_device
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.noise import NoiseSeeds
from retrato.shapes import Faces
from retrato.weights.load import describe_weights, load_gfpgan


@runtime_checkable
class FaceRestorer(Protocol):
    """Aligned faces in, the same faces restored out."""

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        ...

    @property
    def name(self) -> str:
        """What it is, in the words of a record: kind and weights."""
        ...

    def __call__(self, faces: Faces) -> Faces:
        """Restore faces of `size`, in [-1, 1]."""
        ...


class GFPGANRestorer:
    """GFP-GAN with weights, as a `FaceRestorer`. The same faces give the same result every time."""

    def __init__(self, network: GFPGAN, name: str, device: torch.device, noise_seed: int | None = None) -> None:
        """Put the parts together.

        Args:
            network: with its weights.
            name: of the weights, in words.
            device: where to compute.
            noise_seed: decides the prior's noise, together with the face; by default that is stored with the weights.
        """
        # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
        self._network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._name = name
        self._noise_seed = noise_seed

    @classmethod
    def from_weights(
        cls,
        name_or_file: str | Path = "bundled",
        device: DeviceName | str = DeviceName.AUTO,
        noise_seed: int | None = None,
    ) -> "GFPGANRestorer":
        """The restorer with the bundled weights, or those of a file; its name says the seed of its noise.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        network = load_gfpgan(name_or_file)
        seed = "" if noise_seed is None else f", noise seed {noise_seed}"
        return cls(network, f"GFP-GAN, {describe_weights(name_or_file)}{seed}", choose_device(device), noise_seed)

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._network.config.image_size

    @property
    def name(self) -> str:
        """Kind and weights."""
        return self._name

    @torch.no_grad()
    def __call__(self, faces: Faces) -> Faces:
        """Restore faces; the result is on the CPU."""
        on_device = faces.to(self._device, memory_format=torch.channels_last)
        seeds = None if self._noise_seed is None else noise_seeds(faces, self._noise_seed).to(self._device)
        return self._network.restore(on_device, seeds).clamp(-1, 1).cpu()


def noise_seeds(faces: Faces, seed: int) -> NoiseSeeds:
    """For each face one of its own, which hangs on nothing but its pixels and the seed, and so not on the batch."""
    pixels = faces.detach().cpu().add(1).mul(127.5).round().to(torch.uint8)
    return torch.tensor([zlib.crc32(face.numpy().tobytes(), seed) for face in pixels], dtype=torch.int64)
