"""StyleGAN2's generator (Karras et al., 2020), and the clean form of it that GFP-GAN's released models have.

Weights are plain: the equalised learning rates of published files are folded in when these are read. Clean also means
bilinear resampling; the paper's own is `Resampling.FIR`. Modulation scales the input channels and demodulation the
output channels of one convolution that the whole batch shares, which equals the paper's per-sample weights (eq. 1 to 3)
at a fraction of the cost.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from retrato.networks.convolutions import begin_with_unit_gain
from retrato.networks.noise import NoiseSeeds, seeded_noise
from retrato.networks.resampling import FROM_RESOLUTION, Blur, Resampling, convolve_doubled, enlarge, kernel_phases
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


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, LeakyReLU."""

    noise: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style_size: int,
        resolution: int,
        enlarge: Resampling | None = None,
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, 3, style_size, enlarge=enlarge)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))

    def forward(self, features: Features, style: Style, noise_seeds: NoiseSeeds | None) -> Features:
        """Refine the features in the style."""
        scaled = self.conv(features, style, GAIN)
        noise = self.noise if noise_seeds is None else seeded_noise(noise_seeds, (1, *scaled.shape[2:]))
        # Each step spreads one small tensor: with bias and noise added up first, a CPU takes four times longer.
        scaled += self.bias[:, None, None].to(scaled.dtype)
        scaled += (self.noise_strength * noise).to(scaled.dtype)
        return F.leaky_relu_(scaled, 0.2)


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
        colours = self.conv(features, style)
        return F.pixel_shuffle(colours.float() + self.bias[:, None, None], self.fold)


class ModulatedConv(nn.Module):
    """A convolution whose input channels a style scales; with `enlarge` it doubles the resolution in that way."""

    energy: Float[Tensor, "out in"] | None
    phases: Float[Tensor, "four_out in 3 3"] | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        style_size: int,
        enlarge: Resampling | None = None,
    ) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.register_buffer("energy", None, persistent=False)
        self.register_buffer("phases", None, persistent=False)
        if enlarge is Resampling.FIR:
            self.blur = Blur(padding=1, gain=4)  # each pixel's part is spread over four
        self.to_scale = nn.Linear(style_size, in_channels)
        nn.init.normal_(self.to_scale.weight, std=style_size**-0.5)
        nn.init.ones_(self.to_scale.bias)
        fan_in = in_channels * kernel_size**2
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size) / math.sqrt(fan_in))

    def forward(self, features: Features, style: Style, gain: float | None = None) -> Features:
        """The convolved features, demodulated to a spread of `gain` where one is given."""
        scale = self.to_scale(style).float()  # (N, I)
        norm = None if gain is None else gain * self._norm(scale)  # (N, O)
        # Not in a graph that is traced for any number of pictures.
        if not torch.compiler.is_compiling() and len(features) == 1 and self.weight.numel() < features.numel():
            phases = None if self.phases is None else modulated(self.phases, scale, norm)
            return self._convolve(features, modulated(self.weight, scale, norm), phases)
        convolved = self._convolve(features * scale[:, :, None, None].to(features.dtype), self.weight, self.phases)
        return convolved if norm is None else convolved * norm[:, :, None, None].to(features.dtype)

    def _norm(self, scale: Float[Tensor, "n in"]) -> Float[Tensor, "n out"]:
        """What demodulates to unit variance, summed in float32."""
        energy = self._weight_energy() if self.energy is None else self.energy  # (O, I)
        return ((scale.square()[:, None, :] * energy).sum(2) + 1e-8).rsqrt()

    def remember(self, dtype: torch.dtype, resolution: int) -> None:
        """Compute once what depends on the weights alone, and round them; they must not change after that.

        Args:
            dtype: of the weights from now on.
            resolution: of what comes out.
        """
        self.energy = self._weight_energy()
        if self.enlarge is Resampling.BILINEAR and resolution >= 2 * FROM_RESOLUTION:
            self.phases = kernel_phases(self.weight).to(dtype)
        self.weight.data = self.weight.to(dtype)

    def _weight_energy(self) -> Float[Tensor, "out in"]:
        return self.weight.square().sum((2, 3))

    def _convolve(self, features: Features, weight: Tensor, phases: Tensor | None) -> Features:
        padding = self.weight.shape[-1] // 2
        match self.enlarge:
            case None:
                return F.conv2d(features, weight, padding=padding)
            case Resampling.BILINEAR:
                return convolve_doubled(features, weight, phases=phases)
            case Resampling.FIR:
                return self.blur(F.conv_transpose2d(features, weight.transpose(0, 1), stride=2))
            case _:
                assert_never(self.enlarge)


def modulated(weight: Tensor, scale: Float[Tensor, "1 in"], norm: Float[Tensor, "1 out"] | None) -> Tensor:
    """The paper's own weight for a picture (eq. 1 to 3): for one alone it costs less than scaling its features."""
    scaled = weight * scale[0, :, None, None]
    if norm is not None:
        scaled = scaled * norm[0].repeat_interleave(len(weight) // norm.shape[1])[:, None, None, None]
    return scaled.to(weight.dtype)


@torch.no_grad()
def begin_even(parameter: nn.Parameter, fold: int) -> None:
    """Give all pixels of a folded square the same weight or bias to begin with, lest they make a chequered pattern.

    As in Aitken et al. (2017), Checkerboard artifact free sub-pixel convolution.
    """
    parameter.copy_(parameter[:: fold**2].repeat_interleave(fold**2, 0))
