"""Convolutions of the discriminators: plain ones, and ones that halve the resolution behind a blur."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.resampling import BLUR, Blur


class PlainConv(nn.Module):
    """Convolution at the same resolution, bias, LeakyReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        begin_with_unit_gain(self.conv)

    def forward(self, features: Float[Tensor, "n _ h w"]) -> Float[Tensor, "n _ h w"]:
        """(N, I, h, w) to (N, O, h, w)."""
        return F.leaky_relu_(self.conv(features), 0.2)


class BlurredConv(nn.Module):
    """Blur, then a convolution that halves the resolution, then bias and LeakyReLU unless it `is_linear`."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, is_linear: bool = False) -> None:
        super().__init__()
        self.is_linear = is_linear
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride=2, bias=not is_linear)
        begin_with_unit_gain(self.conv)
        self.blur = Blur(padding=(len(BLUR) - 2 + kernel_size - 1) // 2)

    def forward(self, features: Float[Tensor, "n _ h w"]) -> Float[Tensor, "n _ h//2 w//2"]:
        """(N, I, h, w) to (N, O, h / 2, w / 2)."""
        convolved: Tensor = self.conv(self.blur(features))
        return convolved if self.is_linear else F.leaky_relu_(convolved, 0.2)


def begin_with_unit_gain(layer: nn.Conv2d | nn.Linear) -> None:
    """Weights that pass on the spread of their input through a LeakyReLU (He et al., 2015), biases of zero."""
    nn.init.kaiming_normal_(layer.weight, a=0.2)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    padding: int | None = None,
) -> nn.Sequential:
    """A convolution and its batch normalisation."""
    padding = kernel_size // 2 if padding is None else padding
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))
