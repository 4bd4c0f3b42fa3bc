"""Convolutions that a style modulates, as StyleGAN2's generator is made of (Karras et al., 2020).

Modulation scales the input channels and demodulation the output channels of one convolution that the whole batch
shares, which equals the paper's per-sample weights (eq. 1 to 3) at a fraction of the cost.
"""

import math
from typing import assert_never

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.noise import NoiseSeeds, seeded_noise
from retrato.networks.resampling import FROM_RESOLUTION, Blur, Resampling, convolve_doubled, kernel_phases
from retrato.shapes import Features

Style = Float[Tensor, "n style"]
Sketch = Float[Tensor, "n 3 _ _"]
"""The picture so far, RGB around [-1, 1], at the resolution reached."""

GAIN = math.sqrt(2)
"""What LeakyReLU takes from the spread of its input, given back."""


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
        return convolved if norm is None else convolved * norm[:, :, None, None].to(convolved.dtype)

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
