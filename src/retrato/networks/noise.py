"""Noise that depends on a seed alone: the same on a CPU, a GPU, and in a batch of any size."""

import math
import zlib

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from retrato.shapes import Pictures

NoiseSeeds = Int64[Tensor, " n"]
"""One for each picture."""
MASK = 0xFFFFFFFF


def seeded_noise(seeds: NoiseSeeds, shape: tuple[int, ...]) -> Float[Tensor, "n ..."]:
    """Standard normal values of `shape` for each seed (Box and Muller, 1958, on hashed counters)."""
    count = math.prod(shape)
    counter = torch.arange((count + 1) // 2, device=seeds.device)
    bits = _hash(_hash(seeds)[:, None] + counter)
    radius = (-2 * torch.log((bits.float() + 1) / (MASK + 2.0))).sqrt()
    angle = _hash(bits + 0x9E3779B9).float() * (2 * math.pi / (MASK + 1.0))
    return torch.cat([radius * angle.cos(), radius * angle.sin()], 1)[:, :count].unflatten(1, shape)


def noise_seeds(pictures: Pictures, seed: int) -> NoiseSeeds:
    """For each picture one of its own, which hangs on nothing but its pixels and the seed, and so not on the batch."""
    pixels = pictures.detach().cpu().add(1).mul(127.5).round().to(torch.uint8)
    return torch.tensor([zlib.crc32(each.numpy().tobytes(), seed) for each in pixels], dtype=torch.int64)


def _hash(values: Int64[Tensor, "..."]) -> Int64[Tensor, "..."]:
    """32 bits mixed by two rounds of xor, shift and multiply, in the manner of MurmurHash3's finaliser."""
    values = values & MASK
    values = ((values ^ (values >> 16)) * 0x85EBCA6B) & MASK
    values = ((values ^ (values >> 13)) * 0xC2B2AE35) & MASK
    return values ^ (values >> 16)
