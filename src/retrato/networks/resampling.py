"""Two ways to change the resolution: bilinear, and StyleGAN2's finite impulse response (FIR) filter."""

from enum import StrEnum
from typing import assert_never

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

BLUR = (1, 3, 3, 1)
"""The binomial filter that StyleGAN2 resamples with (Karras et al., 2020, following Zhang, 2019)."""


class Resampling(StrEnum):
    """How a network changes the resolution."""

    BILINEAR = "bilinear"
    """As in the clean networks: interpolated, or the mean of four pixels."""
    FIR = "fir"
    """As in StyleGAN2: a convolution with stride two, blurred."""


class Blur(nn.Module):
    """The filter over each channel, with zeros outside; every side changes by twice the padding, less three."""

    kernel: Tensor

    def __init__(self, padding: int, gain: float = 1) -> None:
        super().__init__()
        self.padding = padding
        # Made on the CPU even where weights are yet to come (the meta device): no file would ever fill it.
        filter_1d = torch.tensor(BLUR, device="cpu") / sum(BLUR)
        self.register_buffer("kernel", gain * torch.outer(filter_1d, filter_1d), persistent=False)

    def forward(self, features: Float[Tensor, "n c _ _"]) -> Float[Tensor, "n c _ _"]:
        """The blurred features, `gain` times."""
        channels = features.shape[1]
        kernel = self.kernel.to(features.dtype).expand(channels, 1, -1, -1)
        return F.conv2d(features, kernel, padding=self.padding, groups=channels)


def enlarge(
    features: Float[Tensor, "n c _ _"], factor: int, resampling: Resampling = Resampling.BILINEAR
) -> Float[Tensor, "n c _ _"]:
    """Interpolated, with pixel centres aligned as `align_corners=False` means it.

    Doubling by FIR weighs neighbours as bilinear doubling does: they differ in that FIR meets zeros outside.
    """
    if factor == 1:
        return features
    match resampling:
        case Resampling.BILINEAR:
            return F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=False)
        case Resampling.FIR:
            surrounded = enlarge(F.pad(features, (1, 1, 1, 1)), factor)
            return surrounded[..., factor:-factor, factor:-factor]
        case _:
            assert_never(resampling)


PHASES = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.75), (0.0, 0.0, 0.25)),
    ((0.25, 0.0, 0.0), (0.75, 0.75, 0.25), (0.0, 0.25, 0.75)),
)
"""How much a pixel and its two neighbours count for the three pixels that a kernel sees, once doubled.

At even and at odd places of the result."""
FROM_RESOLUTION = 128
"""Where fewer pixels are doubled, doing so costs less than the larger kernels do."""


def kernel_phases(weight: Float[Tensor, "out in 3 3"]) -> Float[Tensor, "four_out in 3 3"]:
    """Doubling folded into a kernel: for each of the four pixels that one becomes."""
    parts = torch.tensor(PHASES, device=weight.device)  # (phase, neighbour, tap)
    phases = torch.einsum("pnt,oits,qms->opqinm", parts, weight.float(), parts)
    return phases.flatten(0, 2).to(weight.dtype)


def convolve_doubled(
    features: Float[Tensor, "n in h w"],
    weight: Float[Tensor, "out in 3 3"],
    bias: Float[Tensor, " out"] | None = None,
    phases: Float[Tensor, "four_out in 3 3"] | None = None,
) -> Float[Tensor, "n out 2*h 2*w"]:
    """A convolution of features that are doubled bilinearly, with zeros around them.

    Args:
        features: to be doubled.
        weight: the kernel.
        bias: of each channel.
        phases: `kernel_phases` of it, with which no doubled features are made where there are many of them.
    """
    if phases is None or torch.compiler.is_compiling() or min(features.shape[2:]) < FROM_RESOLUTION:
        return F.conv2d(enlarge(features, 2), weight, bias, padding=1)
    four = None if bias is None else bias.repeat_interleave(4)
    doubled = F.pixel_shuffle(F.conv2d(F.pad(features, (1, 1, 1, 1), mode="replicate"), phases, four), 2)
    # Beyond the border there are zeros, where the phases see the picture go on.
    doubled[:, :, :1] = convolve_doubled(features[:, :, :2], weight, bias)[:, :, :1]
    doubled[:, :, -1:] = convolve_doubled(features[:, :, -2:], weight, bias)[:, :, -1:]
    doubled[..., :1] = convolve_doubled(features[..., :2], weight, bias)[..., :1]
    doubled[..., -1:] = convolve_doubled(features[..., -2:], weight, bias)[..., -1:]
    return doubled
