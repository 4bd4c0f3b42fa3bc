"""SRVGG: the compact network of Real-ESRGAN (Wang et al., 2021), in which convolutions see the small picture only."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import nn

from retrato.shapes import Enlarged, Pictures


@dataclass(frozen=True)
class SRVGGConfig:
    """Shape of the network; the defaults are realesr-general-x4v3's. realesr-animevideov3 has 16 inner layers."""

    factor: int = 4
    """How many times wider and higher pictures become."""
    channels: int = 64
    """Width of every layer but the last."""
    inner_layers: int = 32
    """Convolutions between the first and the last."""

    def __post_init__(self) -> None:
        """Refuse shapes that no network has."""
        for name in ("factor", "channels", "inner_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")


class SRVGG(nn.Module):
    """Small pictures in, large ones out: convolutions, each with a PReLU, draw what the enlarged pixels lack."""

    def __init__(self, config: SRVGGConfig) -> None:
        super().__init__()
        self.config = config
        width, outgoing = config.channels, 3 * config.factor**2
        inner = range(config.inner_layers)
        self.convolutions = nn.ModuleList(
            [_conv(3, width), *(_conv(width, width) for _ in inner), _conv(width, outgoing)]
        )
        self.activations = nn.ModuleList([nn.PReLU(width), *(nn.PReLU(width) for _ in inner)])

    @property
    def reach(self) -> int:
        """How far from a pixel, in pixels of the small picture, anything may change it."""
        return len(self.convolutions)

    def forward(self, pictures: Pictures) -> Enlarged:
        """The pictures, each side `factor` times as long; about [-1, 1]."""
        levels = pictures / 2 + 0.5  # in [0, 1], so that what lies around a picture is black, as it was in training
        features = levels
        for convolution, activation in zip(self.convolutions[:-1], self.activations, strict=True):
            features = activation(convolution(features))
        drawn = F.pixel_shuffle(self.convolutions[-1](features), self.config.factor)
        pixels = F.interpolate(levels, scale_factor=float(self.config.factor), mode="nearest")
        return (pixels + drawn.float()) * 2 - 1


def _conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)
