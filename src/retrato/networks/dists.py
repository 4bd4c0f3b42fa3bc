"""DISTS (Ding et al., 2020): whether two pictures have the same structure and texture."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.lpips import VGG16Trunk
from retrato.networks.vgg import VGG16
from retrato.shapes import PerPicture, Pictures

CHANNELS = (3, *VGG16Trunk.channels)
"""Of the picture itself, and of each stage of VGG-16."""
STABLE = 1e-6
"""Keeps the quotients finite where nothing is seen (equations 3 and 4)."""
WINDOW = (1, 2, 1)
"""The Hann window of five, without its zeros: what is averaged before every second value is taken."""


class DISTS(nn.Module):
    """Compares means and covariances of features; forgiving where a texture is drawn anew."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = VGG16()
        self.texture = nn.ParameterList(nn.Parameter(torch.zeros(channels)) for channels in CHANNELS)
        """Weights of the means, the paper's alpha."""
        self.structure = nn.ParameterList(nn.Parameter(torch.zeros(channels)) for channels in CHANNELS)
        """Weights of the covariances, the paper's beta."""

    def forward(self, pictures: Pictures, others: Pictures) -> PerPicture:
        """0 for equal pictures, up to 1; published numbers are of pictures whose shorter side is 256 px."""
        whole = sum(each.sum() for each in [*self.texture, *self.structure])
        likeness = pictures.new_zeros(len(pictures))
        features = zip(self.features(pictures), self.features(others), strict=True)
        for texture, structure, (one, other) in zip(self.texture, self.structure, features, strict=True):
            likeness = likeness + _likeness(one, other, texture, structure)
        return 1 - likeness / whole

    def features(self, pictures: Pictures) -> list[Tensor]:
        """(N, C, h, w): the picture, 0 to 1, then each stage."""
        stages = self.trunk(pictures, VGG16Trunk.layers, _pooled)
        return [pictures / 2 + 0.5, *(F.relu(each) for each in stages)]


def _likeness(one: Tensor, other: Tensor, texture: Tensor, structure: Tensor) -> PerPicture:
    """Of the features of one stage."""
    mean, other_mean = one.mean((2, 3)), other.mean((2, 3))  # (N, C)
    variance, other_variance = (each.var((2, 3), correction=0) for each in (one, other))
    covariance = (one * other).mean((2, 3)) - mean * other_mean
    means = (2 * mean * other_mean + STABLE) / (mean.square() + other_mean.square() + STABLE)
    covariances = (2 * covariance + STABLE) / (variance + other_variance + STABLE)
    return means @ texture + covariances @ structure


def _pooled(features: Tensor) -> Tensor:
    """Half the resolution without aliases: the root of the blurred squares."""
    channels = features.shape[1]
    window = features.new_tensor(WINDOW)
    window = torch.outer(window, window) / window.sum().square()
    blurred = F.conv2d(features.square(), window.expand(channels, 1, -1, -1), stride=2, padding=1, groups=channels)
    return (blurred + 1e-12).sqrt()
