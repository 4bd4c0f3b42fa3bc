"""StyleGAN2's generator (Karras et al., 2020), in the clean form that GFP-GAN's released models have.

Clean means plain weights (no equalised learning rate) and bilinear resampling. Modulation scales the input channels and
demodulation the output channels of one convolution that the whole batch shares, which equals the paper's per-sample
weights (eq. 1 to 3) at a fraction of the cost.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.shapes import Pictures

Features = Float[Tensor, "n _ _ _"]
Sketch = Float[Tensor, "n 3 _ _"]
"""The picture so far, RGB around [-1, 1], at the resolution reached."""
Style = Float[Tensor, "n style"]
Styles = Float[Tensor, "n layers style"]
"""A style for every layer: a code in W+."""

GAIN = math.sqrt(2)
"""What LeakyReLU takes from the spread of its input, given back."""


LIMITS = {
    "image_size": (8, 4096),
    "style_size": (1, 4096),
    "channel_base": (16, 1 << 20),
    "channel_max": (2, 4096),
    "mapping_layers": (0, 64),
    "fold": (1, 16),
}
"""Least and most of each field of the config; far around all published shapes."""


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

    def __post_init__(self) -> None:
        """Refuse shapes that no generator has, before anything large is made for them."""
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} must be a whole number from {least} to {most}, found {value!r}")
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
        conditions: "list[Condition] | None" = None,
        rng: torch.Generator | None = None,
    ) -> Pictures:
        """Draw pictures.

        Args:
            styles: one for each of `config.style_layers` layers.
            conditions: one for each resolution from 8 px on.
            rng: where noise is drawn from; by default the noise stored with the weights, the same in every call.
        """
        features = self.constant.expand(len(styles), -1, -1, -1)
        features = self.first(features, styles[:, 0], rng)
        picture = self.first_to_rgb(features, styles[:, 1])
        for level, block in enumerate(self.blocks):
            condition = conditions[level] if conditions else None
            layers = styles[:, 2 * level + 1 : 2 * level + 4].unbind(1)
            features, picture = block(features, picture, layers, condition, rng)
        return picture


@dataclass(frozen=True)
class Condition:
    """Scale and shift by which the U-Net steers half of the prior's channels at one resolution (Wang et al., 2021)."""

    scale: Features
    shift: Features

    def steer(self, features: Features) -> Features:
        """Leave the first half of the channels as they are, scale and shift the others."""
        kept, steered = features.chunk(2, dim=1)
        return torch.cat([kept, torch.addcmul(self.shift, steered, self.scale)], dim=1)


def resolutions(last: int) -> list[int]:
    """8, 16, ... up to the last."""
    return [2**exponent for exponent in range(3, int(math.log2(last)) + 1)]


class Mapping(nn.Sequential):
    """From latents z to styles w."""

    def __init__(self, style_size: int, layers: int) -> None:
        super().__init__()
        for _ in range(layers):
            self.append(nn.Linear(style_size, style_size))
            self.append(nn.LeakyReLU(0.2))

    def forward(self, latent: Style) -> Style:
        """Normalise the latent to unit variance, then map it."""
        unit = latent * (latent.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        return super().forward(unit)


class SynthesisBlock(nn.Module):
    """One resolution: enlarge, steer, refine, and add to the picture."""

    def __init__(self, config: StyleGAN2Config, resolution: int, fold: int) -> None:
        super().__init__()
        before, channels = config.channels(resolution // 2), config.channels(resolution)
        self.enlarge = StyledConv(before, channels, config.style_size, resolution, enlarge=True)
        self.refine = StyledConv(channels, channels, config.style_size, resolution)
        self.to_rgb = ToRGB(channels, config.style_size, fold)

    def forward(
        self,
        features: Features,
        picture: Sketch,
        styles: tuple[Style, ...],
        condition: Condition | None,
        rng: torch.Generator | None,
    ) -> tuple[Features, Sketch]:
        """Features and picture at twice the resolution (the picture at `fold` times that)."""
        features = self.enlarge(features, styles[0], rng)
        if condition is not None:
            features = condition.steer(features)
        features = self.refine(features, styles[1], rng)
        detail = self.to_rgb(features, styles[2])
        return features, enlarge(picture, detail.shape[-1] // picture.shape[-1]) + detail


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, LeakyReLU."""

    noise: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, style_size: int, resolution: int, enlarge: bool = False
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, 3, style_size, enlarge=enlarge)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))

    def forward(self, features: Features, style: Style, rng: torch.Generator | None) -> Features:
        """Refine the features in the style."""
        features, norm = self.conv(features, style)
        noise = (
            self.noise
            if rng is None
            else torch.randn((len(features), 1, *features.shape[2:]), generator=rng, device=rng.device).to(
                features.device
            )
        )
        offset = self.bias[:, None, None] + self.noise_strength * noise
        scaled = torch.addcmul(offset.to(features.dtype), features, (norm * GAIN).to(features.dtype))
        return F.leaky_relu(scaled, 0.2)


class ToRGB(nn.Module):
    """From features to what they add to the picture."""

    def __init__(self, channels: int, style_size: int, fold: int = 1) -> None:
        super().__init__()
        self.fold = fold
        self.conv = ModulatedConv(channels, 3 * fold**2, 1, style_size)
        begin_even(self.conv.weight, fold)
        self.bias = nn.Parameter(torch.zeros(3 * fold**2))

    def forward(self, features: Features, style: Style) -> Sketch:
        """What to add, `fold` times as large as the features; ToRGB is not demodulated (Karras et al., 2020)."""
        colours, _ = self.conv(features, style)
        return F.pixel_shuffle(colours.float() + self.bias[:, None, None], self.fold)


class ModulatedConv(nn.Module):
    """A convolution whose input channels a style scales."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, style_size: int, enlarge: bool = False
    ) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.to_scale = nn.Linear(style_size, in_channels)
        nn.init.normal_(self.to_scale.weight, std=style_size**-0.5)
        nn.init.ones_(self.to_scale.bias)
        fan_in = in_channels * kernel_size**2
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size) / math.sqrt(fan_in))

    def forward(self, features: Features, style: Style) -> tuple[Features, Float[Tensor, "n out 1 1"]]:
        """The convolved features, and the factor that would demodulate them to unit variance."""
        scale = self.to_scale(style).float()  # (N, I)
        features = features * scale[:, :, None, None].to(features.dtype)
        if self.enlarge:
            features = enlarge(features, 2)
        convolved = F.conv2d(features, self.weight, padding=self.weight.shape[-1] // 2)
        energy = self.weight.square().sum((2, 3))  # (O, I)
        norm = ((scale.square()[:, None, :] * energy).sum(2) + 1e-8).rsqrt()  # (N, O), summed in float32
        return convolved, norm[:, :, None, None]


@torch.no_grad()
def begin_even(parameter: nn.Parameter, fold: int) -> None:
    """Give all pixels of a folded square the same weight or bias to begin with, lest they make a chequered pattern.

    As in Aitken et al. (2017), Checkerboard artifact free sub-pixel convolution.
    """
    parameter.copy_(parameter[:: fold**2].repeat_interleave(fold**2, 0))


def enlarge(features: Features, factor: int) -> Features:
    """Bilinear, with pixel centres aligned as `align_corners=False` means it."""
    if factor == 1:
        return features
    return F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=False)
