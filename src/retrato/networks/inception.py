"""Inception-v3 of 2015-12-05 (Szegedy et al., 2016), as the Fréchet Inception Distance looks through it.

TensorFlow's network, not torchvision's: it has other weights, averages leave out the border, and the last block takes
the largest value where the one before takes the average. Batch normalisation is folded into the convolutions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.shapes import Pictures

INPUT_SIZE = 299

STEM = ((3, 32, 3, 2, 0), (32, 32, 3, 1, 0), (32, 64, 3, 1, 1), (64, 80, 1, 1, 0), (80, 192, 3, 1, 0))
"""(channels in, channels out, side of the kernel, stride, padding); largest of 3x3 after the third and the fifth."""

Unit = tuple[int, int, int]
"""(channels out, rows and columns of the kernel); the resolution stays."""
ACROSS, DOWN, FORK = (1, 7), (7, 1), (0, 0)
"""Kernels of 7; and the fork, where a row of three and a column of three stand side by side."""


class Pool(StrEnum):
    """What the last branch of a block does first."""

    AVERAGE = "average"
    LARGEST = "largest"
    HALVE = "halve"
    """The largest of 3x3, at half the resolution; so do the last convolutions of the other branches."""


@dataclass(frozen=True)
class Shape:
    """One block: what its branches give is put side by side."""

    branches: tuple[tuple[Unit, ...], ...]
    pool: Pool
    pooled_channels: int = 0
    """Of the convolution after the pool; 0 for none."""


def _fine(pooled: int) -> Shape:
    return Shape((((64, 1, 1),), ((48, 1, 1), (64, 5, 5)), ((64, 1, 1), (96, 3, 3), (96, 3, 3))), Pool.AVERAGE, pooled)


def _middle(inner: int) -> Shape:
    short = ((inner, 1, 1), (inner, *ACROSS), (192, *DOWN))
    long = ((inner, 1, 1), (inner, *DOWN), (inner, *ACROSS), (inner, *DOWN), (192, *ACROSS))
    return Shape((((192, 1, 1),), short, long), Pool.AVERAGE, 192)


def _coarse(pool: Pool) -> Shape:
    long = ((448, 1, 1), (384, 3, 3), (384, *FORK))
    return Shape((((320, 1, 1),), ((384, 1, 1), (384, *FORK)), long), pool, 192)


BLOCKS = (
    *(_fine(32), _fine(64), _fine(64)),
    Shape((((384, 3, 3),), ((64, 1, 1), (96, 3, 3), (96, 3, 3))), Pool.HALVE),
    *(_middle(128), _middle(160), _middle(160), _middle(192)),
    Shape((((192, 1, 1), (320, 3, 3)), ((192, 1, 1), (192, *ACROSS), (192, *DOWN), (192, 3, 3))), Pool.HALVE),
    *(_coarse(Pool.AVERAGE), _coarse(Pool.LARGEST)),
)
BLOCKS_OF_FEATURES = {768: 8, 2048: 11}
"""How many blocks give so many features."""


class Inception(nn.Module):
    """Pictures in, features averaged over the picture out."""

    def __init__(self, feature_count: int = 2048) -> None:
        super().__init__()
        self.stem = nn.ModuleList(ConvReLU(*each) for each in STEM)
        self.blocks = nn.ModuleList()
        channels = STEM[-1][1]
        for shape in BLOCKS[: BLOCKS_OF_FEATURES[feature_count]]:
            block = Block(channels, shape)
            self.blocks.append(block)
            channels = block.out_channels

    def forward(self, pictures: Pictures) -> Float[Tensor, "n features"]:
        """2048 or 768 features of each picture.

        Pictures are brought to 299 px bilinearly and without a blur, as pytorch-fid and BasicSR do it and as the
        published statistics were made; other resampling gives other distances (Parmar et al., 2022).
        """
        size = (INPUT_SIZE, INPUT_SIZE)
        current = F.interpolate(pictures, size, mode="bilinear", align_corners=False)
        for index, each in enumerate(self.stem):
            current = each(current)
            if index in {2, 4}:
                current = F.max_pool2d(current, 3, stride=2)
        for block in self.blocks:
            current = block(current)
        return current.mean((2, 3))


class ConvReLU(nn.Conv2d):
    """A convolution and its ReLU."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, O, h', w')."""
        return F.relu(super().forward(features))


class Fork(nn.Module):
    """A row and a column of three side by side."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.across = ConvReLU(in_channels, out_channels, (1, 3), padding=(0, 1))
        self.down = ConvReLU(in_channels, out_channels, (3, 1), padding=(1, 0))

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, 2 * O, h, w)."""
        return torch.cat([self.across(features), self.down(features)], 1)


class Block(nn.Module):
    """One block of branches."""

    def __init__(self, in_channels: int, shape: Shape) -> None:
        super().__init__()
        self.pool = shape.pool
        halves = shape.pool is Pool.HALVE
        self.branches = nn.ModuleList(_branch(in_channels, each, halves) for each in shape.branches)
        has_pooled = shape.pooled_channels > 0
        self.pooled = ConvReLU(in_channels, shape.pooled_channels, 1) if has_pooled else nn.Identity()
        ends = [channels * (2 if (rows, columns) == FORK else 1) for *_, (channels, rows, columns) in shape.branches]
        self.out_channels = sum(ends) + (shape.pooled_channels or in_channels)

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, out_channels, h', w')."""
        found = [branch(features) for branch in self.branches]
        return torch.cat([*found, self.pooled(_pooled(features, self.pool))], 1)


def _branch(in_channels: int, units: tuple[Unit, ...], halves: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index, (channels, rows, columns) in enumerate(units):
        is_last = index == len(units) - 1
        if (rows, columns) == FORK:
            layers.append(Fork(in_channels, channels))
        elif halves and is_last:
            layers.append(ConvReLU(in_channels, channels, (rows, columns), stride=2))
        else:
            layers.append(ConvReLU(in_channels, channels, (rows, columns), padding=(rows // 2, columns // 2)))
        in_channels = channels
    return nn.Sequential(*layers)


def _pooled(features: Tensor, pool: Pool) -> Tensor:
    match pool:
        case Pool.AVERAGE:
            return F.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=False)
        case Pool.LARGEST:
            return F.max_pool2d(features, 3, stride=1, padding=1)
        case Pool.HALVE:
            return F.max_pool2d(features, 3, stride=2)
        case _:
            assert_never(pool)
