"""LPIPS v0.1 (Zhang et al., 2018): how different two pictures look, on each of the three published trunks."""

from enum import StrEnum
from typing import assert_never

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.alexnet import AlexNet
from retrato.networks.squeezenet import SqueezeNet
from retrato.networks.vgg import VGG16, VGGLayer
from retrato.shapes import PerPicture, Pictures


class TrunkKind(StrEnum):
    """Whose features are compared. Distances of two trunks are two scales."""

    SQUEEZENET = "squeezenet"
    """Small and fast; what retrato trains with."""
    ALEXNET = "alexnet"
    """The authors' choice for measuring."""
    VGG16 = "vgg16"
    """What papers on face restoration report, and what path lengths are measured with."""


class LPIPS(nn.Module):
    """Distance between the trunk's features of two pictures, weighted by what people see."""

    def __init__(self, kind: TrunkKind = TrunkKind.SQUEEZENET) -> None:
        super().__init__()
        self.trunk = _trunk(kind)
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(channels)) for channels in self.trunk.channels)

    def forward(self, pictures: Pictures, others: Pictures) -> PerPicture:
        """0 for equal pictures; about 0.1 for ones that people call alike."""
        features, of_others = ([unit_length(each) for each in self.trunk(seen)] for seen in (pictures, others))
        distances = [
            torch.einsum("nchw,c->n", (one - other).square(), weight).float() / one[0, 0].numel()
            for weight, one, other in zip(self.weights, features, of_others, strict=True)
        ]
        return torch.stack(distances).sum(0)


class VGG16Trunk(nn.Module):
    """VGG-16 after the last ReLU of each stage."""

    channels = (64, 128, 256, 512, 512)
    """Of the features of each stage."""
    layers = (VGGLayer.CONV1_2, VGGLayer.CONV2_2, VGGLayer.CONV3_3, VGGLayer.CONV4_3, VGGLayer.CONV5_3)

    def __init__(self) -> None:
        super().__init__()
        self.network = VGG16()

    def forward(self, pictures: Pictures) -> list[Tensor]:
        """(N, C, h, w) of each stage, fine to coarse."""
        return [F.relu(each) for each in self.network(pictures, self.layers)]


def _trunk(kind: TrunkKind) -> SqueezeNet | AlexNet | VGG16Trunk:
    match kind:
        case TrunkKind.SQUEEZENET:
            return SqueezeNet()
        case TrunkKind.ALEXNET:
            return AlexNet()
        case TrunkKind.VGG16:
            return VGG16Trunk()
        case _:
            assert_never(kind)


def unit_length(features: Tensor) -> Tensor:
    """Length 1 along the channels."""
    length = torch.linalg.vector_norm(features, dim=1, keepdim=True)  # summed in float32 whatever the features are
    return features * (1 / (length.float() + 1e-10)).to(features.dtype)
