"""Noise that depends on a seed alone: the same on a CPU, a GPU, and in a batch of any size."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

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


def _hash(values: Int64[Tensor, "..."]) -> Int64[Tensor, "..."]:
    """32 bits mixed by two rounds of xor, shift and multiply, in the manner of MurmurHash3's finaliser."""
    values = values & MASK
    values = ((values ^ (values >> 16)) * 0x85EBCA6B) & MASK
    values = ((values ^ (values >> 13)) * 0xC2B2AE35) & MASK
    return values ^ (values >> 16)
