"""Which part of a face each pixel belongs to."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from retrato.networks.parsenet import ParseNet
from retrato.shapes import Faces
from retrato.weights.companions import load_parsenet

CPU = torch.device("cpu")

Regions = Int[Tensor, "n s s"]
"""The `Region` of each pixel."""


@runtime_checkable
class FaceParser(Protocol):
    """Tells the regions of aligned faces."""

    def __call__(self, faces: Faces) -> Regions:
        """The `Region` of each pixel of faces in [-1, 1]."""
        ...


class ParseNetParser:
    """Tells the regions of faces of any size with ParseNet, which looks at 512 px."""

    def __init__(self, network: ParseNet) -> None:
        self.network = network.eval()

    @classmethod
    def from_weights(cls, name_or_file: str | Path = "parsenet", device: torch.device = CPU) -> "ParseNetParser":
        """With published weights.

        Raises:
            UnknownWeights: neither the catalog's name nor a file.
            UnavailableWeights: its file is not here and cannot be fetched.
            UnusableWeights: the file is broken or holds something else.
        """
        return cls(load_parsenet(name_or_file).to(device))

    @torch.inference_mode()
    def __call__(self, faces: Faces) -> Regions:
        """The `Region` of each pixel, on the CPU."""
        size, own_size = faces.shape[-1], self.network.config.image_size
        device = next(self.network.parameters()).device
        seen = faces.to(device)
        if size != own_size:
            seen = F.interpolate(seen, (own_size, own_size), mode="bilinear", antialias=True, align_corners=False)
        regions = self.network(seen).argmax(1)
        if size != own_size:
            regions = F.interpolate(regions[:, None].float(), (size, size), mode="nearest-exact")[:, 0].long()
        return regions.cpu()
