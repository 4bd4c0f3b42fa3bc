"""RRDBNet: the large network of Real-ESRGAN (Wang et al., 2021), from ESRGAN (Wang et al., 2018).

Residual dense blocks within residual blocks work on the small picture; then it is doubled twice. Where a picture is to
be doubled only, squares of four pixels are folded into channels first.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.shapes import Enlarged, Features, Pictures

RESIDUAL = 0.2
"""Part of what a block draws that is added to its input (Wang et al., 2018, section 3.1)."""
DENSE_LAYERS = 5
"""Convolutions of a dense block, each of which sees what all before it gave."""
FACTORS = (2, 4)


@dataclass(frozen=True)
class RRDBNetConfig:
    """Shape of the network; the defaults are RealESRGAN_x4plus's. RealESRGAN_x2plus has the factor 2."""

    factor: int = 4
    """How many times wider and higher pictures become: 2 or 4."""
    channels: int = 64
    """Width between the blocks."""
    growth: int = 32
    """Channels that each layer of a dense block adds."""
    blocks: int = 23
    """Residual blocks, of three dense blocks each."""

    def __post_init__(self) -> None:
        """Refuse shapes that no network has."""
        if self.factor not in FACTORS:
            raise ValueError(f"factor must be one of {FACTORS}, found {self.factor}")
        for name in ("channels", "growth", "blocks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")

    @property
    def fold(self) -> int:
        """Pixels along each side of the squares that are folded into channels first."""
        return max(FACTORS) // self.factor


class RRDBNet(nn.Module):
    """Small pictures in, large ones out."""

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.first = _conv(3 * config.fold**2, width)
        self.blocks = nn.Sequential(*(ResidualBlock(width, config.growth) for _ in range(config.blocks)))
        self.after_blocks = _conv(width, width)
        self.doubled = nn.ModuleList([_conv(width, width), _conv(width, width)])
        self.before_last = _conv(width, width)
        self.last = _conv(width, 3)

    @property
    def reach(self) -> int:
        """How far from a pixel, in pixels of the small picture, anything may change it."""
        in_small = 2 + 3 * DENSE_LAYERS * self.config.blocks  # the others are at the doubled sizes
        return self.config.fold * (in_small + 2)

    def forward(self, pictures: Pictures) -> Enlarged:
        """The pictures, each side `factor` times as long; about [-1, 1]."""
        height, width = pictures.shape[2:]
        levels = pictures / 2 + 0.5  # in [0, 1], so that what lies around a picture is black, as it was in training
        features = self.first(F.pixel_unshuffle(_whole_squares(levels, self.config.fold), self.config.fold))
        features = features + self.after_blocks(self.blocks(features))
        for convolution in self.doubled:
            features = _active(convolution(F.interpolate(features, scale_factor=2.0, mode="nearest")))
        drawn = self.last(_active(self.before_last(features))).float()
        factor = self.config.factor
        return drawn[:, :, : height * factor, : width * factor] * 2 - 1


class ResidualBlock(nn.Module):
    """Three dense blocks, of which a part is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(3)))

    def forward(self, features: Features) -> Features:
        """Features of the same shape."""
        return torch.add(features, self.dense(features), alpha=RESIDUAL)


class DenseBlock(nn.Module):
    """Convolutions that see the input and what all before them gave; a part of the last is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            _conv(channels + index * growth, growth if index < DENSE_LAYERS - 1 else channels)
            for index in range(DENSE_LAYERS)
        )

    def forward(self, features: Features) -> Features:
        """Features of the same shape."""
        seen = features
        for convolution in self.convolutions[:-1]:
            seen = torch.cat([seen, _active(convolution(seen))], 1)
        return torch.add(features, self.convolutions[-1](seen), alpha=RESIDUAL)


def _active(features: Features) -> Features:
    # In place: at the large picture's size, another copy would be the largest thing in memory.
    return F.leaky_relu(features, 0.2, inplace=True)


def _whole_squares(levels: Tensor, fold: int) -> Tensor:
    """The pictures mirrored on at the right and below, as published, until squares of that size fill them."""
    height, width = levels.shape[2:]
    missing = (0, -width % fold, 0, -height % fold)
    if not any(missing):
        return levels
    return F.pad(levels, missing, "reflect" if min(height, width) > 1 else "replicate")


def _conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)
