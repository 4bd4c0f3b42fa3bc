"""StyleGAN2's discriminator (Karras et al., 2020): real pictures or fake ones?

Plain weights: the published file's equalised scales and gains are folded in when it is read.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import BlurredConv, PlainConv
from retrato.shapes import Features, Pictures

Logits = Float[Tensor, "n 1"]


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Shape of the discriminator; the defaults are the published one's with channel multiplier 1."""

    image_size: int = 512
    """Width and height of the pictures, a power of two."""
    channel_base: int = 16384
    """Channels times resolution, where `channel_max` does not bound them."""
    channel_max: int = 512
    """Channels at the low resolutions."""
    fold: int = 1
    """Pixels along each side of the squares that are folded into channels first, which saves a resolution."""
    deviation_group: int = 4
    """How many pictures are compared with each other for their variety; the batch should be a multiple."""

    def __post_init__(self) -> None:
        """Refuse shapes that no discriminator has."""
        for name in ("image_size", "channel_base", "channel_max", "fold", "deviation_group"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        first = self.image_size // self.fold
        if self.image_size.bit_count() + self.fold.bit_count() > 2 or first < 8:
            raise ValueError(
                f"no powers of two with at least 8 between: image_size {self.image_size}, fold {self.fold}"
            )
        if self.channels(first) < 1:
            raise ValueError(f"channel_base {self.channel_base} leaves no channels at {first} px")

    def channels(self, resolution: int) -> int:
        """Width of the features at a resolution."""
        return min(self.channel_max, self.channel_base // resolution)


class Discriminator(nn.Module):
    """Residual blocks down to 4 px, then one logit for each picture: positive for real."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        first = config.image_size // config.fold
        self.first = PlainConv(3 * config.fold**2, config.channels(first), 1)
        self.blocks = nn.ModuleList(down_to_4(first, config.channels))
        last = config.channels(4)
        self.last = PlainConv(last + 1, last, 3)
        self.gather = nn.Linear(last * 4 * 4, last)
        self.judge = nn.Linear(last, 1)

    def forward(self, pictures: Pictures) -> Logits:
        """How real each picture looks."""
        features = self.first(F.pixel_unshuffle(pictures, self.config.fold))
        for block in self.blocks:
            features = block(features)
        features = self.last(with_deviation(features, self.config.deviation_group))
        return self.judge(F.leaky_relu(self.gather(features.flatten(1)), 0.2)).float()


class DownBlock(nn.Module):
    """Two convolutions to half the resolution, beside a plain shortcut."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = PlainConv(in_channels, in_channels, 3)
        self.conv2 = BlurredConv(in_channels, out_channels, 3)
        self.shortcut = BlurredConv(in_channels, out_channels, 1, is_linear=True)

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, h / 2, w / 2)."""
        return self.conv2(self.conv1(features)) + self.shortcut(features)


def down_to_4(resolution: int, channels: Callable[[int], int]) -> list[DownBlock]:
    """Blocks from a resolution down to 4 px, each to half of it; `channels` says how wide features are at each."""
    sizes = [resolution // 2**step for step in range(resolution.bit_length() - 3)]
    return [DownBlock(channels(size), channels(size // 2)) for size in sizes]


def with_deviation(features: Features, group: int) -> Features:
    """One channel more: how much the pictures of a group differ (Karras et al., 2018, section 3).

    A batch that is no multiple of the group is compared in the largest groups below it into which it divides.
    """
    count, _, height, width = features.shape
    group = max(size for size in range(1, group + 1) if count % size == 0)
    grouped = features.float().unflatten(0, (group, count // group))  # (G, N / G, C, h, w)
    variance = (grouped - grouped.mean(0)).square().mean(0)  # of channels-last features 15 times as fast as `var`
    deviation = (variance + 1e-8).sqrt().mean((1, 2, 3))  # (N / G)
    channel = deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)
    return torch.cat([features, channel.to(features.dtype)], 1)
