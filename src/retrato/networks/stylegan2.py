"""StyleGAN2's generator (Karras et al., 2020), and the clean form of it that GFP-GAN's released models have.

Weights are plain: the equalised learning rates of published files are folded in when these are read. Clean also means
bilinear resampling; the paper's own is `Resampling.FIR`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from retrato.networks.convolutions import begin_with_unit_gain
from retrato.networks.modulation import Sketch, Style, StyledConv, ToRGB
from retrato.networks.noise import NoiseSeeds
from retrato.networks.resampling import Resampling, enlarge
from retrato.shapes import Features, Pictures

Styles = Float[Tensor, "n layers style"]
"""A style for every layer: a code in W+."""

LIMITS = {
    "image_size": (8, 4096),
    "style_size": (1, 4096),
    "channel_base": (16, 1 << 20),
    "channel_max": (2, 4096),
    "mapping_layers": (0, 64),
    "fold": (1, 16),
}
"""Least and most of each number in the config; far around all published shapes."""


@dataclass(frozen=True)
class StyleGAN2Config:
    """Shape of the generator."""

    image_size: int = 512
    """Width and height of the pictures, a power of two."""
    style_size: int = 512
    """Length of a latent z and of a style w."""
    channel_base: int = 32768
    """Channels times resolution, where `channel_max` does not bound them. The published channel multipliers 1 and 2 are
    16384 and 32768."""
    channel_max: int = 512
    """Channels at the low resolutions."""
    mapping_layers: int = 8
    """Depth of the network from z to w; 0 where styles come from elsewhere."""
    fold: int = 1
    """How many times smaller than the picture its last features are, each giving a square of pixels."""
    resampling: Resampling = Resampling.BILINEAR
    """How features and pictures double their size, and how GFP-GAN's U-Net halves its features."""

    def __post_init__(self) -> None:
        """Refuse shapes that no generator has, before anything large is made for them."""
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} must be a whole number from {least} to {most}, found {value!r}")
        if type(self.resampling) is not Resampling:
            raise ValueError(f"resampling must be a Resampling, found {self.resampling!r}")
        if self.image_size.bit_count() + self.fold.bit_count() > 2 or self.last_resolution < 8:
            raise ValueError(
                f"no powers of two with at least 8 between: image_size {self.image_size}, fold {self.fold}"
            )
        if self.channels(self.last_resolution) < 2:
            raise ValueError(f"channel_base {self.channel_base} leaves no channels at {self.last_resolution} px")

    @property
    def last_resolution(self) -> int:
        """Width and height of the last features."""
        return self.image_size // self.fold

    @property
    def style_layers(self) -> int:
        """How many styles a picture takes: two a resolution, from 4 px on."""
        return 2 * int(math.log2(self.last_resolution)) - 2

    def channels(self, resolution: int) -> int:
        """Width of the features at a resolution."""
        return min(self.channel_max, self.channel_base // resolution)


class StyleGAN2Generator(nn.Module):
    """From styles to pictures, coarse to fine; `condition` lets GFP-GAN steer it at each resolution from 8 px on."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.config = config
        style_size = config.style_size
        self.mapping = Mapping(style_size, config.mapping_layers)
        self.constant = nn.Parameter(torch.randn(1, config.channels(4), 4, 4))
        self.first = StyledConv(config.channels(4), config.channels(4), style_size, resolution=4)
        self.first_to_rgb = ToRGB(config.channels(4), style_size)
        self.blocks = nn.ModuleList(
            SynthesisBlock(config, resolution, config.fold if resolution == config.last_resolution else 1)
            for resolution in resolutions(config.last_resolution)
        )

    def forward(
        self,
        styles: Styles,
        conditions: "Iterable[Condition] | None" = None,
        noise_seeds: NoiseSeeds | None = None,
    ) -> Pictures:
        """Draw pictures.

        Args:
            styles: one for each of `config.style_layers` layers.
            conditions: one for each resolution from 8 px on; each is asked for when its turn comes.
            noise_seeds: of each picture's noise; by default it is the noise stored with the weights.
        """
        # Not len(styles), a plain number, which would fix the batch size of an exported graph.
        features = self.constant.expand(styles.shape[0], -1, -1, -1)
        features = self.first(features, styles[:, 0], noise_seeds)
        picture = self.first_to_rgb(features, styles[:, 1])
        steering = iter(conditions or [])
        for level, block in enumerate(self.blocks):
            condition = next(steering, None)
            layers = styles[:, 2 * level + 1 : 2 * level + 4].unbind(1)
            seeds = None if noise_seeds is None else noise_seeds + (2 * level + 1)  # each layer has its own noise
            features, picture = block(features, picture, layers, condition, seeds)
        return picture

    @torch.no_grad()
    def mean_style(self, count: int, rng: torch.Generator) -> Float[Tensor, "1 style"]:
        """The mean of the styles of that many drawn latents."""
        latents = torch.randn(count, self.config.style_size, generator=rng, device=rng.device)
        return self.mapping(latents.to(self.constant.device)).mean(0, keepdim=True)


def in_every_layer(style: Style, layers: int) -> Styles:
    """One style for all layers of a picture."""
    return style[:, None, :].expand(-1, layers, -1)


def truncated(
    styles: Float[Tensor, "n *layers style"], mean: Float[Tensor, "1 style"], kept: float
) -> Float[Tensor, "n *layers style"]:
    """Styles drawn towards the mean: less varied pictures with fewer faults (Karras et al., 2019, appendix B).

    Args:
        styles: in W or in W+.
        mean: of many styles.
        kept: how much of the distance to the mean is left, the paper's psi: 1 changes nothing, 0 leaves the mean.
    """
    return torch.lerp(mean, styles, kept)


def mix_styles(coarse: Styles, fine: Styles, cut: int | Int64[Tensor, " n"]) -> Styles:
    """The first one's styles up to layer `cut`, of all or of each picture, the other's from there on.

    Karras et al., 2019, section 3.1.
    """
    cuts = torch.as_tensor(cut, device=coarse.device)[..., None]
    is_coarse = torch.arange(coarse.shape[1], device=coarse.device) < cuts  # (N, layers) or (layers)
    return torch.where(is_coarse[..., None], coarse, fine)


@dataclass(frozen=True)
class Condition:
    """Scale and shift by which the U-Net steers half of the prior's channels at one resolution (Wang et al., 2021)."""

    scale: Features
    shift: Features

    def steer(self, features: Features) -> Features:
        """Leave the first half of the channels as they are, scale and shift the others."""
        kept, steered = features.chunk(2, dim=1)
        if torch.is_grad_enabled():
            return torch.cat([kept, torch.addcmul(self.shift, steered, self.scale)], dim=1)
        steered.mul_(self.scale).add_(self.shift)  # in place, since nobody asks for what was there
        return features


def resolutions(last: int) -> list[int]:
    """8, 16, ... up to the last."""
    return [2**exponent for exponent in range(3, int(math.log2(last)) + 1)]


class Mapping(nn.Sequential):
    """From latents z to styles w."""

    def __init__(self, style_size: int, layers: int) -> None:
        super().__init__()
        for _ in range(layers):
            linear = nn.Linear(style_size, style_size)
            begin_with_unit_gain(linear)
            self.extend([linear, nn.LeakyReLU(0.2)])

    def forward(self, latent: Style) -> Style:
        """Normalise the latent to unit variance, then map it."""
        unit = latent * (latent.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        return super().forward(unit)


class SynthesisBlock(nn.Module):
    """One resolution: enlarge, steer, refine, and add to the picture."""

    def __init__(self, config: StyleGAN2Config, resolution: int, fold: int) -> None:
        super().__init__()
        before, channels = config.channels(resolution // 2), config.channels(resolution)
        self.resampling = config.resampling
        self.enlarge = StyledConv(before, channels, config.style_size, resolution, enlarge=config.resampling)
        self.refine = StyledConv(channels, channels, config.style_size, resolution)
        self.to_rgb = ToRGB(channels, config.style_size, fold)

    def forward(
        self,
        features: Features,
        picture: Sketch,
        styles: tuple[Style, ...],
        condition: Condition | None,
        noise_seeds: NoiseSeeds | None,
    ) -> tuple[Features, Sketch]:
        """Features and picture at twice the resolution (the picture at `fold` times that)."""
        features = self.enlarge(features, styles[0], noise_seeds)
        if condition is not None:
            features = condition.steer(features)
        features = self.refine(features, styles[1], None if noise_seeds is None else noise_seeds + 1)
        detail = self.to_rgb(features, styles[2])
        return features, enlarge(picture, detail.shape[-1] // picture.shape[-1], self.resampling) + detail
