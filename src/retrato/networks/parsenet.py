"""ParseNet (Chen et al., 2021, with PSFR-GAN): which part of a face each pixel belongs to, as facexlib publishes it.

A residual encoder and decoder. The published network also draws a face, which nothing uses; its layer is here so that
each tensor of the file has its place.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.shapes import Faces, Features

RegionLogits = Float[Tensor, "n 19 s s"]


class Region(IntEnum):
    """What a pixel belongs to, by the network's outputs: the labels of CelebAMask-HQ, its left and its right."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    GLASSES = 3
    LEFT_EYE = 4
    RIGHT_EYE = 5
    LEFT_BROW = 6
    RIGHT_BROW = 7
    LEFT_EAR = 8
    RIGHT_EAR = 9
    MOUTH = 10
    UPPER_LIP = 11
    LOWER_LIP = 12
    HAIR = 13
    HAT = 14
    EARRING = 15
    NECKLACE = 16
    NECK = 17
    CLOTHES = 18


@dataclass(frozen=True)
class ParseNetConfig:
    """Shape of the network; the values are the published ones."""

    image_size: int = 512
    """Width and height of the faces, a power of two."""
    inner_size: int = 32
    """Width and height of the features between encoder and decoder."""
    first_channels: int = 64
    """Channels at the full size; doubled at each halving."""
    most_channels: int = 256
    """Where the doubling ends."""
    inner_blocks: int = 10
    """Blocks at the inner size."""

    @property
    def halvings(self) -> int:
        """From the full to the inner size."""
        return (self.image_size // self.inner_size).bit_length() - 1

    def channels_at(self, halvings: int) -> int:
        """Channels of the features after so many halvings."""
        return min(self.first_channels * 2**halvings, self.most_channels)


class ParseNet(nn.Module):
    """Tells the regions of aligned faces."""

    def __init__(self, config: ParseNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or ParseNetConfig()
        channels = [self.config.channels_at(level) for level in range(self.config.halvings + 1)]
        inner, outer = channels[-1], channels[0]
        self.first = ReflectedConv(3, outer)
        self.encoder = nn.Sequential(*(Block(before, after, 0.5) for before, after in pairwise(channels)))
        self.body = nn.Sequential(*(Block(inner, inner) for _ in range(self.config.inner_blocks)))
        self.decoder = nn.Sequential(*(Block(before, after, 2) for before, after in pairwise(reversed(channels))))
        self.regions = ReflectedConv(outer, len(Region))
        self.face = ReflectedConv(outer, 3)

    def forward(self, faces: Faces) -> RegionLogits:
        """How much speaks for each region, at each pixel of faces of the config's size."""
        features = self.encoder(self.first(faces))
        return self.regions(self.decoder(features + self.body(features)))


class Block(nn.Module):
    """Two convolutions beside a shortcut; the resolution grows before the first, or shrinks in the second."""

    def __init__(self, in_channels: int, out_channels: int, scale: float = 1) -> None:
        super().__init__()
        is_plain = scale == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if is_plain else ReflectedConv(in_channels, out_channels, scale)
        self.conv1 = ReflectedConv(in_channels, out_channels, max(scale, 1), is_normalised=True)
        self.conv2 = ReflectedConv(out_channels, out_channels, min(scale, 1), is_normalised=True)

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, scale h, scale w)."""
        return self.shortcut(features) + self.conv2(F.leaky_relu(self.conv1(features), 0.2))


class ReflectedConv(nn.Module):
    """A 3x3 convolution of a picture that is mirrored at its border, to twice or half the resolution or to the same."""

    def __init__(self, in_channels: int, out_channels: int, scale: float = 1, *, is_normalised: bool = False) -> None:
        super().__init__()
        self.scale = scale
        stride = 2 if scale < 1 else 1
        self.conv = (
            conv_norm(in_channels, out_channels, 3, stride=stride, padding=0)
            if is_normalised
            else nn.Conv2d(in_channels, out_channels, 3, stride)
        )

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, scale h, scale w)."""
        if self.scale > 1:
            features = F.interpolate(features, scale_factor=self.scale, mode="nearest")
        return self.conv(F.pad(features, (1, 1, 1, 1), mode="reflect"))
