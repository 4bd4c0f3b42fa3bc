"""SqueezeNet 1.1 (Iandola et al., 2016), as LPIPS looks through it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.imagenet import normalised
from retrato.shapes import Pictures

SLICES = (
    (),
    ((64, 16, 64), (128, 16, 64)),
    ((128, 32, 128), (256, 32, 128)),
    ((256, 48, 192),),
    ((384, 48, 192),),
    ((384, 64, 256),),
    ((512, 64, 256),),
)
"""(channels in, squeezed, each expansion) of the Fire modules in each slice."""
SHRUNK_BEFORE = (1, 2, 3)
"""Slices that are at half the resolution of the one before."""


class SqueezeNet(nn.Module):
    """The trunk without its classifier."""

    channels = (64, 128, 256, 384, 384, 512, 512)
    """Of the features of each slice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 64, 3, stride=2)
        self.slices = nn.ModuleList(nn.Sequential(*(Fire(*shape) for shape in each)) for each in SLICES)

    def forward(self, pictures: Pictures) -> list[Tensor]:
        """(N, C, h, w) after each slice, fine to coarse."""
        current = F.relu(self.first(normalised(pictures)))
        found = []
        for index, each in enumerate(self.slices):
            if index in SHRUNK_BEFORE:
                current = F.max_pool2d(current, 3, stride=2, ceil_mode=True)
            current = each(current)
            found.append(current)
        return found


class Fire(nn.Module):
    """SqueezeNet's module: squeeze to few channels, expand by two sizes of kernel."""

    def __init__(self, in_channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, 2 * expanded, h, w)."""
        squeezed = F.relu(self.squeeze(features))
        return F.relu(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], 1))
