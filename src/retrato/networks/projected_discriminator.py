"""A discriminator that looks through a trained network (Sauer et al., 2021, Projected GANs converge faster).

It need not learn to see first, so that a generator learns from a tenth of the pictures. The trained network stays as it
is; fixed random convolutions mix its channels and scales, lest the discriminator attend to a few of its features only;
a small judge at each scale is what learns.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from retrato.networks.discriminator import with_deviation
from retrato.networks.lpips import unit_length
from retrato.networks.squeezenet import SqueezeNet
from retrato.shapes import Features, Pictures

SCALES = (0, 1, 2, 6)
"""SqueezeNet's slices that are looked at: the last of each resolution, a 2nd to a 16th of what it sees."""

PatchLogits = Float[Tensor, "n judgements"]


@dataclass(frozen=True)
class ProjectedDiscriminatorConfig:
    """Shape of the discriminator."""

    seen_size: int = 128
    """Width and height in pixels to which pictures are brought before they are looked at."""
    channels: int = 32
    """Of the finest mixed features; each coarser scale has twice as many."""
    channel_max: int = 256
    """Bound of the channels of judges."""
    deviation_group: int = 4
    """How many pictures are compared with each other for their variety; the batch should be a multiple."""

    def __post_init__(self) -> None:
        """Refuse shapes that no discriminator has."""
        if self.seen_size < 64:
            raise ValueError(f"seen_size must be at least 64, found {self.seen_size}")
        if min(self.channels, self.channel_max, self.deviation_group) < 1:
            raise ValueError(f"channels, channel_max and deviation_group must be at least 1, found {self}")


class ProjectedDiscriminator(nn.Module):
    """Logits for parts of each picture at each scale: positive for real."""

    def __init__(self, trunk: SqueezeNet, config: ProjectedDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = trunk.requires_grad_(False)
        widths = [config.channels << scale for scale in range(len(SCALES))]
        found = [SqueezeNet.channels[index] for index in SCALES]
        self.mix_channels = nn.ModuleList(map(_random_conv, found, widths, [1] * len(widths)))
        self.mix_scales = nn.ModuleList(map(_random_conv, widths[1:], widths[:-1], [3] * len(widths[1:])))
        steps = range(len(SCALES), 0, -1)  # the finer the scale, the more halvings
        self.judges = nn.ModuleList(Judge(*each, config) for each in zip(widths, steps, strict=True))

    def forward(self, pictures: Pictures) -> PatchLogits:
        """How real parts of each picture look, scale after scale."""
        return self.judge(self.look(pictures))

    def look(self, pictures: Pictures) -> list[Features]:
        """What is judged, fine to coarse; nothing in it learns, so that one look serves many judgements."""
        size = self.config.seen_size
        if pictures.shape[-1] != size:
            pictures = F.interpolate(pictures, (size, size), mode="bilinear", antialias=True, align_corners=False)
        return self._mixed(self.trunk(pictures))

    def judge(self, looks: list[Features]) -> PatchLogits:
        """How real what was looked at is."""
        logits = [judge(each).flatten(1) for judge, each in zip(self.judges, looks, strict=True)]
        return torch.cat(logits, 1).float()

    def _mixed(self, slices: list[Features]) -> list[Features]:
        """Features of each scale, fine to coarse, each with something of all coarser ones."""
        features = [mix(_unit_spread(slices[index])) for mix, index in zip(self.mix_channels, SCALES, strict=True)]
        for scale in reversed(range(len(features) - 1)):
            coarser = F.interpolate(features[scale + 1], features[scale].shape[2:], mode="bilinear")
            features[scale] = features[scale] + self.mix_scales[scale](coarser)
        return features


def _unit_spread(features: Tensor) -> Tensor:
    """Features of the length that unit normal ones have; not normalised by batches, for these would hide colours."""
    return unit_length(features) * math.sqrt(features.shape[1])


def _random_conv(in_channels: int, out_channels: int, kernel_size: int) -> nn.Conv2d:
    """One that never learns, and keeps the spread of what it is given."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="linear")
    return conv.requires_grad_(False)


class Judge(nn.Module):
    """Convolutions that halve the resolution, then a logit for each place; spectral norm bounds their slopes."""

    def __init__(self, in_channels: int, halvings: int, config: ProjectedDiscriminatorConfig) -> None:
        super().__init__()
        self.group = config.deviation_group
        widths = [in_channels, *(min(config.channel_max, in_channels << step) for step in range(1, halvings + 1))]
        self.halvings = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1)) for before, after in pairwise(widths)
        )
        self.last = spectral_norm(nn.Conv2d(widths[-1] + 1, 1, 3, padding=1))

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, 1, h / 2 ** halvings, w / 2 ** halvings), rounded down each time."""
        for conv in self.halvings:
            features = F.leaky_relu(conv(features), 0.2)
        return self.last(with_deviation(features, self.group))
