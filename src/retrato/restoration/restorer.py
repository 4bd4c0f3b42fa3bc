"""Anything that restores aligned faces."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from retrato.device import DeviceName, choose_device
from retrato.networks.gfpgan import GFPGAN
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

    def __init__(self, network: GFPGAN, name: str, device: torch.device) -> None:
        # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
        self._network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._name = name

    @classmethod
    def from_weights(
        cls, name_or_file: str | Path = "bundled", device: DeviceName | str = DeviceName.AUTO
    ) -> "GFPGANRestorer":
        """The restorer with the bundled weights, or those of a file.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        network = load_gfpgan(name_or_file)
        return cls(network, f"GFP-GAN, {describe_weights(name_or_file)}", choose_device(device))

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
        return self._network.restore(on_device).clamp(-1, 1).cpu()
