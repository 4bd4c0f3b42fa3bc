"""GFP-GAN (Wang et al., CVPR 2021): a U-Net takes the degradation out and steers a StyleGAN2 prior."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.discriminator import DownBlock
from retrato.networks.modulation import begin_even
from retrato.networks.noise import NoiseSeeds
from retrato.networks.resampling import FROM_RESOLUTION, Resampling, convolve_doubled, enlarge, kernel_phases
from retrato.networks.stylegan2 import Condition, StyleGAN2Config, StyleGAN2Generator, Styles, resolutions
from retrato.shapes import Faces, Features


@dataclass(frozen=True)
class GFPGANConfig:
    """Shape of the restorer; the defaults are the published v1.2, v1.3 and v1.4.

    The published v1 has a prior with `channel_base` 16384 and FIR resampling.
    """

    prior: StyleGAN2Config = field(default_factory=StyleGAN2Config)
    """Shape of the generative prior. The U-Net has half its channels at every resolution."""
    keep_input: bool = False
    """Whether the U-Net also says how much of each input pixel stays, instead of what the prior draws there."""
    self_ensemble: bool = False
    """Whether a face is restored a second time, mirrored, and the mean taken (Timofte et al., CVPR 2016): nearer to the
    truth for twice the time. Not while training."""

    def __post_init__(self) -> None:
        """Refuse what is no answer to a question."""
        for name, answer in (("keep_input", self.keep_input), ("self_ensemble", self.self_ensemble)):
            if type(answer) is not bool:
                raise ValueError(f"{name} must be true or false, found {answer!r}")

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.prior.image_size


class GFPGAN(nn.Module):
    """Degraded faces in, restored faces out."""

    def __init__(self, config: GFPGANConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = DegradationRemoval(config.prior)
        self.prior = StyleGAN2Generator(config.prior)
        self.keep = (
            KeepMap(self.unet.channels(self.unet.resolutions[-1]), config.prior.fold) if config.keep_input else None
        )

    def forward(self, degraded: Faces, noise_seeds: NoiseSeeds | None = None) -> tuple[Faces, list[Tensor]]:
        """Restore, and show what the U-Net sees at each resolution from 8 px on (for the pyramid loss).

        `noise_seeds` are of the prior's noise for each face; by default it is the noise stored with the weights.
        """
        styles, features = self.unet(degraded)
        return self._draw(degraded, styles, features, noise_seeds), self.unet.pyramid(features)

    def restore(self, degraded: Faces, noise_seeds: NoiseSeeds | None = None) -> Faces:
        """Restore only, as the config says: in one go, or as the mean of two."""
        if not self.config.self_ensemble:
            return self._restore(degraded, noise_seeds)
        both = torch.cat([degraded, degraded.flip(3)])
        seeds = None if noise_seeds is None else noise_seeds.repeat(2)
        straight, mirrored = self._restore(both, seeds).unflatten(0, (2, -1))
        return (straight + mirrored.flip(3)) / 2

    def _restore(self, degraded: Faces, noise_seeds: NoiseSeeds | None) -> Faces:
        styles, features = self.unet(degraded)
        return self._draw(degraded, styles, features, noise_seeds)

    def _draw(self, degraded: Faces, styles: Styles, features: list[Features], noise_seeds: NoiseSeeds | None) -> Faces:
        drawn = self.prior(styles, self.unet.conditions(features), noise_seeds)
        return drawn if self.keep is None else drawn.lerp(degraded, self.keep(features[-1]))


class DegradationRemoval(nn.Module):
    """The U-Net: down to a latent code, and up to a condition for each resolution of the prior."""

    def __init__(self, prior: StyleGAN2Config) -> None:
        super().__init__()
        self.prior = prior
        self.resolutions = resolutions(prior.last_resolution)
        last = self.resolutions[-1]
        self.first = nn.Conv2d(3 * prior.fold**2, self.channels(last), 1)
        self.down = nn.ModuleList(
            _down_block(self.channels(size), self.channels(size // 2), prior.resampling)
            for size in reversed(self.resolutions)
        )
        self.middle = nn.Conv2d(self.channels(4), self.channels(4), 3, padding=1)
        self.to_styles = nn.Linear(self.channels(4) * 4 * 4, prior.style_layers * prior.style_size)
        self.up = nn.ModuleList(
            ResidualBlock(self.channels(size // 2), self.channels(size), 2) for size in self.resolutions
        )
        self.scales = nn.ModuleList(_condition_head(self.channels(size), start=1) for size in self.resolutions)
        self.shifts = nn.ModuleList(_condition_head(self.channels(size), start=0) for size in self.resolutions)
        self.to_rgb = nn.ModuleList(
            nn.Conv2d(self.channels(size), 3 * (prior.fold**2 if size == last else 1), 1) for size in self.resolutions
        )
        for parameter in self.to_rgb[-1].parameters():
            begin_even(parameter, prior.fold)

    def remember(self) -> None:
        """Compute once what depends on the weights alone; they must not change after that."""
        for size, block in zip(self.resolutions, self.up, strict=True):
            if size >= 2 * FROM_RESOLUTION and isinstance(block, ResidualBlock):
                block.remember()

    def channels(self, resolution: int) -> int:
        """Width of the features at a resolution: half of the prior's."""
        return self.prior.channels(resolution) // 2

    def forward(self, degraded: Faces) -> tuple[Styles, list[Features]]:
        """Styles for the prior, and features of each resolution from 8 px on."""
        folded = F.pixel_unshuffle(degraded, self.prior.fold).to(self.first.weight.dtype)
        features = F.leaky_relu_(self.first(folded), 0.2)
        skips = []
        for block in self.down:
            features = block(features)
            skips.append(features)
        features = F.leaky_relu_(self.middle(features), 0.2)
        styles = self.to_styles(features.flatten(1)).float()
        styles = styles.unflatten(1, (self.prior.style_layers, self.prior.style_size))
        cleaned = []
        for block, skip in zip(self.up, reversed(skips), strict=True):
            features = block(features + skip)
            cleaned.append(features)
        return styles, cleaned

    def conditions(self, features: list[Features]) -> Iterator[Condition]:
        """How to steer the prior at each resolution, computed when it is asked for: the large ones take much memory."""
        heads = zip(self.scales, self.shifts, features, strict=True)
        return (Condition(scale(each), shift(each)) for scale, shift, each in heads)

    def pyramid(self, features: list[Features]) -> list[Tensor]:
        """(N, 3, size, size) for each resolution: the face as the U-Net has cleaned it so far."""
        colours = [to_rgb(each).float() for to_rgb, each in zip(self.to_rgb, features, strict=True)]
        return [*colours[:-1], F.pixel_shuffle(colours[-1], self.prior.fold)]


class ResidualBlock(nn.Module):
    """Two convolutions with a change of resolution between them, beside a plain shortcut."""

    phases: Tensor | None

    def __init__(self, in_channels: int, out_channels: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.register_buffer("phases", None, persistent=False)
        self.conv1 = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.conv2 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, features: Features) -> Features:
        """Features at `factor` times the resolution."""
        inner = F.leaky_relu_(self.conv1(features), 0.2)
        inner = F.leaky_relu_(self._resampled_conv2(inner), 0.2)
        shortcut = self._shortcut(features)
        shortcut += inner  # not the other way: LeakyReLU's gradient needs its result
        return shortcut

    def remember(self) -> None:
        """Compute once what depends on the weights alone; they must not change after that."""
        self.phases = kernel_phases(self.conv2.weight)

    def _resampled_conv2(self, features: Features) -> Features:
        if self.factor < 1:
            return self.conv2(self._resample(features))
        return convolve_doubled(features, self.conv2.weight, self.conv2.bias, self.phases)

    def _resample(self, features: Features) -> Features:
        # Bilinear halving is the mean of each square of four pixels, which avg_pool2d computes faster.
        return F.avg_pool2d(features, 2) if self.factor < 1 else enlarge(features, 2)

    def _shortcut(self, features: Features) -> Features:
        # A 1x1 convolution and the resampling commute: do the convolution where there are fewer pixels.
        if self.factor < 1:
            return self.shortcut(self._resample(features))
        return self._resample(self.shortcut(features))


class KeepMap(nn.Module):
    """How much of each input pixel stays: 1 keeps it, 0 takes what the prior draws."""

    def __init__(self, channels: int, fold: int) -> None:
        super().__init__()
        self.fold = fold
        self.conv = nn.Conv2d(channels, fold**2, 1)
        nn.init.zeros_(self.conv.weight)
        self.conv.bias = nn.Parameter(torch.full((fold**2,), -2.0))  # begins by drawing 88 %, and learns what to keep

    def forward(self, features: Features) -> Tensor:
        """(N, 1, S, S), 0 to 1."""
        return F.pixel_shuffle(torch.sigmoid(self.conv(features).float()), self.fold)


def _down_block(in_channels: int, out_channels: int, resampling: Resampling) -> nn.Module:
    match resampling:
        case Resampling.BILINEAR:
            return ResidualBlock(in_channels, out_channels, 0.5)
        case Resampling.FIR:  # v1 goes down as StyleGAN2's discriminator does, and up bilinearly
            return DownBlock(in_channels, out_channels)
        case _:
            assert_never(resampling)


def _condition_head(channels: int, start: float) -> nn.Sequential:
    last = nn.Conv2d(channels, channels, 3, padding=1)
    nn.init.normal_(last.weight, std=0.1 / (9 * channels) ** 0.5)
    last.bias = nn.Parameter(torch.full((channels,), float(start)))
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True), last)
