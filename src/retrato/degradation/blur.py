"""Gaussian blur with a kernel of its own for each picture."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import PerPicture, Pictures

FAST_MULTIPLE = 32
"""The transform is fast for sizes with small prime factors; zeros fill up to one, and are cut off again."""

Kernels = Float[Tensor, "n k k"]


def gaussian_kernels(sigma: Float[Tensor, "n 2"], angle: PerPicture, size: int) -> Kernels:
    """Sampled at whole pixels, summing to one.

    Args:
        sigma: spread along the first and the second axis, in pixels.
        angle: of the first axis, in radians, as the published degradation turns it.
        size: width of the kernel, odd.
    """
    reach = torch.arange(size, dtype=sigma.dtype, device=sigma.device) - size // 2
    y, x = torch.meshgrid(reach, reach, indexing="ij")
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along, across = x * cos + y * sin, y * cos - x * sin  # (N, K, K)
    first, second = sigma[:, 0, None, None], sigma[:, 1, None, None]
    density = torch.exp(-0.5 * ((along / first).square() + (across / second).square()))
    return density / density.sum((1, 2), keepdim=True)


def blur(pictures: Pictures, kernels: Kernels) -> Pictures:
    """Correlate each picture with its kernel, mirrored at the border.

    Done in the frequency domain: a large kernel for every picture costs the same as a small one, on any device.
    """
    reach = kernels.shape[-1] // 2
    height, width = pictures.shape[2:]
    mode = "reflect" if reach < min(height, width) else "replicate"  # nothing to mirror in so small a picture
    padded = F.pad(pictures, (reach,) * 4, mode=mode)
    size = [FAST_MULTIPLE * math.ceil(length / FAST_MULTIPLE) for length in padded.shape[2:]]
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernels.flip(1, 2), s=size)[:, None]
    blurred = torch.fft.irfft2(spectrum, s=size)
    return blurred[:, :, 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
