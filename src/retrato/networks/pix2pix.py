"""Pix2Pix (Isola et al., 2017): a U-Net that translates pictures, and a discriminator that judges patches of them.

Numbers are those of the paper's appendix 6.1, in its corrected version: the bottleneck, a single pixel, is not
normalised. With a batch of one, batch normalisation is instance normalisation, which is used here: a picture's
translation does not hang on the others.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from retrato.networks.dcgan import SLOPE, begin_small
from retrato.networks.noise import NoiseSeeds, seeded_noise
from retrato.shapes import Faces

DROPPED_LAYERS = 3
"""The first ones of the decoder, half of whose features are dropped: the only noise that Pix2Pix has."""


@dataclass(frozen=True)
class UNetConfig:
    """Shape of the translator."""

    image_size: int = 256
    """Width and height of the pictures, a power of two: the encoder halves them down to one pixel."""
    channels: int = 64
    """Of the finest features, those at half the picture's size; each coarser resolution has twice as many."""
    channel_max: int = 512
    """But no more than this."""

    def __post_init__(self) -> None:
        """Refuse shapes that are none."""
        if self.image_size < 8 or self.image_size & (self.image_size - 1):
            raise ValueError(f"image_size must be a power of two from 8 on, found {self.image_size}")
        if not 1 <= self.channels <= self.channel_max:
            raise ValueError(f"channels must be from 1 to channel_max, found {self.channels} and {self.channel_max}")

    @property
    def widths(self) -> list[int]:
        """Channels at half the picture's size, at a quarter, and so on, to the bottleneck."""
        halvings = self.image_size.bit_length() - 1
        return [min(self.channels * 2**each, self.channel_max) for each in range(halvings)]


@dataclass(frozen=True)
class PatchDiscriminatorConfig:
    """Shape of the discriminator."""

    channels: int = 64
    """Of its first layer; each further one has twice as many, to eight times."""
    layers: int = 4
    """Before the one that judges: 2 see 16 px, 4 see 70, 6 see 286 (section 4.4)."""
    pictures: int = 2
    """That it sees together: source and target, or 1 where there are no pairs."""

    def __post_init__(self) -> None:
        """Refuse shapes that are none."""
        if min(self.channels, self.pictures) < 1 or self.layers < 2:
            raise ValueError(f"channels and pictures must be at least 1 and layers at least 2, found {self}")

    @property
    def strides(self) -> list[int]:
        """Of every convolution, the judging one included."""
        return [2] * (self.layers - 1) + [1, 1]

    @property
    def reach(self) -> int:
        """Pixels across the patch that one logit judges.

        >>> [PatchDiscriminatorConfig(layers=each).reach for each in (2, 4, 6)]
        [16, 70, 286]
        """
        seen = 1
        for stride in reversed(self.strides):
            seen = stride * (seen - 1) + 4
        return seen

    @property
    def smallest_size(self) -> int:
        """Width of the smallest pictures of which it gives a logit."""
        return 3 * 2 ** (self.layers - 1)


class UNet(nn.Module):
    """Sources in, targets out; what the encoder saw at each resolution goes past the bottleneck to the decoder."""

    def __init__(self, config: UNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or UNetConfig()
        widths = self.config.widths
        last = len(widths) - 1
        self.encoder = nn.ModuleList(
            _halving(widths[each - 1] if each else 3, widths[each], is_first=each == 0, is_last=each == last)
            for each in range(len(widths))
        )
        self.decoder = nn.ModuleList(
            _doubling(widths[each] * (1 if each == last else 2), widths[each - 1]) for each in range(last, 0, -1)
        )
        self.to_pictures = nn.ConvTranspose2d(2 * widths[0], 3, 4, stride=2, padding=1)
        begin_small(self)

    def forward(self, source: Faces, noise_seeds: NoiseSeeds | None = None) -> Faces:
        """Pictures in [-1, 1].

        Args:
            source: what to translate.
            noise_seeds: decide which features are dropped; none are without.
        """
        seen: list[Tensor] = []
        features: Tensor = source
        for halve in self.encoder:
            features = halve(features)
            seen.append(features)
        seen.pop()
        for layer, double in enumerate(self.decoder):
            features = double(torch.relu(features))
            if noise_seeds is not None and layer < DROPPED_LAYERS:
                features = _dropped(features, noise_seeds + layer)
            features = torch.cat([features, seen.pop()], 1)
        pictures: Faces = self.to_pictures(torch.relu(features)).float().tanh()
        return pictures


class PatchDiscriminator(nn.Module):
    """Does the target belong to the source, and does it look real? A logit for every patch (PatchGAN).

    Of a single picture it says the latter alone.
    """

    def __init__(self, config: PatchDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config or PatchDiscriminatorConfig()
        widths = [min(self.config.channels * 2**each, 8 * self.config.channels) for each in range(self.config.layers)]
        inputs = 3 * self.config.pictures
        blocks: list[nn.Module] = [nn.Conv2d(inputs, widths[0], 4, self.config.strides[0], 1), nn.LeakyReLU(SLOPE)]
        for before, width, stride in zip(widths, widths[1:], self.config.strides[1:], strict=False):
            blocks += [
                nn.Conv2d(before, width, 4, stride, 1, bias=False),
                nn.InstanceNorm2d(width, affine=True),
                nn.LeakyReLU(SLOPE),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.judge = nn.Conv2d(widths[-1], 1, 4, padding=1)
        begin_small(self)

    def forward(self, *pictures: Faces) -> Tensor:
        """(N, 1, h, w) logits, positive for real; 30 by 30 for pictures of 256 px with 4 layers."""
        return self.judge(self.blocks(torch.cat(pictures, 1))).float()


def _halving(inputs: int, outputs: int, *, is_first: bool, is_last: bool) -> nn.Sequential:
    """The first is not normalised, as its input are pictures, and the last is not, as its output is one pixel."""
    is_plain = is_first or is_last
    before = [] if is_first else [nn.LeakyReLU(SLOPE)]
    after = [] if is_plain else [nn.InstanceNorm2d(outputs, affine=True)]
    return nn.Sequential(*before, nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=is_plain), *after)


def _doubling(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False), nn.InstanceNorm2d(outputs, affine=True)
    )


def _dropped(features: Tensor, seeds: NoiseSeeds) -> Tensor:
    """Half of the features at 0 and the others doubled (dropout); which ones hangs on each picture's seed alone."""
    noise = seeded_noise(seeds, tuple(features.shape[1:]))
    return features * (2.0 * (noise > 0)).to(features.dtype)
