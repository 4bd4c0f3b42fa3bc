"""Convolutions of the discriminators: plain ones, and ones that halve the resolution behind a blur."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.stylegan2 import Features

BLUR = (1, 3, 3, 1)
"""The binomial filter that StyleGAN2 shrinks with (Karras et al., 2020, following Zhang, 2019)."""


class PlainConv(nn.Module):
    """Convolution at the same resolution, bias, LeakyReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        begin_with_unit_gain(self.conv)

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, h, w)."""
        return F.leaky_relu(self.conv(features), 0.2)


class BlurredConv(nn.Module):
    """Blur, then a convolution that halves the resolution, then bias and LeakyReLU unless it `is_linear`."""

    blur: Tensor

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, is_linear: bool = False) -> None:
        super().__init__()
        self.is_linear = is_linear
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride=2, bias=not is_linear)
        begin_with_unit_gain(self.conv)
        filter_1d = torch.tensor(BLUR) / sum(BLUR)
        self.register_buffer("blur", torch.outer(filter_1d, filter_1d), persistent=False)

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, h / 2, w / 2)."""
        channels = features.shape[1]
        padding = (len(BLUR) - 2 + self.conv.kernel_size[0] - 1) // 2
        kernel = self.blur.to(features.dtype).expand(channels, 1, -1, -1)
        convolved: Tensor = self.conv(F.conv2d(features, kernel, padding=padding, groups=channels))
        return convolved if self.is_linear else F.leaky_relu(convolved, 0.2)


def begin_with_unit_gain(layer: nn.Conv2d | nn.Linear) -> None:
    """Weights that pass on the spread of their input through a LeakyReLU (He et al., 2015), biases of zero."""
    nn.init.kaiming_normal_(layer.weight, a=0.2)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
