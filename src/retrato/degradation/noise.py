"""Noise whose neighbours are alike, as grain, paper and dust are."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.networks.noise import NoiseSeeds, seeded_noise
from retrato.shapes import PerPicture


def smooth_noise(seeds: NoiseSeeds, spread: PerPicture, height: int, width: int) -> Float[Tensor, "n 1 height width"]:
    """Normal values of unit variance that go together over a distance: white noise behind a Gaussian blur.

    Args:
        seeds: of each picture.
        spread: of the Gaussian, in pixels; it goes on at the opposite border.
        height: of the pictures.
        width: of the pictures.
    """
    rows = torch.fft.fftfreq(height, device=seeds.device)[:, None]
    columns = torch.fft.rfftfreq(width, device=seeds.device)
    passed = torch.exp(
        -2 * (math.pi * spread[:, None, None]).square() * (rows.square() + columns.square())
    )  # (N, H, W')
    spectrum = torch.fft.rfft2(seeded_noise(seeds, (1, height, width))) * passed[:, None]
    blurred: Tensor = torch.fft.irfft2(spectrum, s=(height, width))
    deviation = blurred.std((1, 2, 3), correction=0, keepdim=True)
    return (blurred - blurred.mean((1, 2, 3), keepdim=True)) / deviation.clamp(min=1e-8)
