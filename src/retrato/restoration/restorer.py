"""Anything that restores aligned faces."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from retrato.device import DeviceName, choose_device
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.inference import for_inference
from retrato.networks.noise import noise_seeds
from retrato.precision import Precision, fastest_precision
from retrato.shapes import Faces
from retrato.weights.load import describe_weights, load_gfpgan

CPU_PIXELS = 512**2
"""What a CPU restores at once: small faces together are faster, large ones take more memory and no less time."""


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

    def __init__(
        self,
        network: GFPGAN,
        weights: str,
        device: torch.device,
        precision: Precision = Precision.FP32,
        noise_seed: int | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            network: with its weights; it is taken over, and can learn no more.
            weights: which these are, in words.
            device: where to compute.
            precision: what in.
            noise_seed: decides the prior's noise, together with the face; by default that is stored with the weights.
        """
        self._network = for_inference(network.to(device), precision.dtype)
        self._device = device
        self._weights = weights
        self._noise_seed = noise_seed

    @classmethod
    def from_weights(
        cls,
        name_or_file: str | Path = "bundled",
        device: DeviceName | str = DeviceName.AUTO,
        precision: Precision | None = None,
        noise_seed: int | None = None,
    ) -> "GFPGANRestorer":
        """The restorer with the bundled weights, or those of a file; its name says the seed of its noise.

        Args:
            name_or_file: as in `load_gfpgan`.
            device: where to compute.
            precision: what in; by default bf16 where the machine multiplies in it, and is several times faster for it.
            noise_seed: as above.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        chosen = choose_device(device)
        network, weights = load_gfpgan(name_or_file), describe_weights(name_or_file)
        return cls(network, weights, chosen, precision or fastest_precision(chosen), noise_seed)

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._network.config.image_size

    @property
    def name(self) -> str:
        """Kind and weights, and the seed of the noise if it is not the stored one."""
        seed = "" if self._noise_seed is None else f", noise seed {self._noise_seed}"
        return f"GFP-GAN, {self._weights}{seed}"

    @torch.no_grad()
    def __call__(self, faces: Faces) -> Faces:
        """Restore faces; the result is on the CPU."""
        if self._device.type != "cpu":
            return self._restored(faces)
        return torch.cat([self._restored(part) for part in faces.split(max(1, CPU_PIXELS // self.size**2))])

    def _restored(self, faces: Faces) -> Faces:
        on_device = faces.to(self._device, memory_format=torch.channels_last)
        seeds = None if self._noise_seed is None else noise_seeds(faces, self._noise_seed).to(self._device)
        return self._network.restore(on_device, seeds).clamp(-1, 1).cpu()
