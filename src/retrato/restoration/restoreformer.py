"""RestoreFormer as a restorer of faces."""

from pathlib import Path

import torch

from retrato.device import DeviceName, choose_device
from retrato.networks.restoreformer import RestoreFormer
from retrato.shapes import Faces
from retrato.weights.load import describe_weights, load_restoreformer


class RestoreFormerRestorer:
    """RestoreFormer with weights, as a `FaceRestorer`. In float32: rounding would choose other codes."""

    def __init__(self, network: RestoreFormer, weights: str, device: torch.device) -> None:
        self._network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._weights = weights

    @classmethod
    def from_weights(
        cls, name_or_file: str | Path = "restoreformer", device: DeviceName | str = DeviceName.AUTO
    ) -> "RestoreFormerRestorer":
        """The restorer with published weights, or those of a file.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
            UnusableWeights: the file is missing, broken or holds something else.
            UnavailableDevice: this machine has no such device.
        """
        network = load_restoreformer(name_or_file)
        return cls(network, describe_weights(name_or_file), choose_device(device))

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._network.config.image_size

    @property
    def name(self) -> str:
        """Kind and weights."""
        return f"RestoreFormer, {self._weights}"

    @torch.no_grad()
    def __call__(self, faces: Faces) -> Faces:
        """Restore faces; the result is on the CPU."""
        restored: Faces = self._network(faces.to(self._device, memory_format=torch.channels_last))
        return restored.clamp(-1, 1).cpu()
