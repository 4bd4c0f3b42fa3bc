"""Equalised learning rates (Karras et al., 2018), folded into plain weights.

In such a file a weight counts divided by the root of its inputs, and every LeakyReLU is scaled by the root of two.
Since LeakyReLU passes on a factor, both can be multiplied into weights and biases.
"""

import math
import re

from torch import Tensor

GAIN = math.sqrt(2)
"""Of a layer that a LeakyReLU follows."""

Gains = tuple[tuple[str, float | None], ...]
"""(pattern of our whole name, gain) pairs; the first that fits counts, or 1. None leaves a tensor as it is stored."""


def plain(ours: str, stored: Tensor, gains: Gains) -> Tensor:
    r"""What a stored tensor counts as, float32; it is to have the shape that goes with our name for it.

    >>> import torch
    >>> plain("first.weight", torch.full((8, 2), 5.0), ((r"first\..+", GAIN),))[0].tolist()
    [5.0, 5.0]
    """
    return stored.float() * _scale(ours, stored, gains)


def equalised(ours: str, plain_tensor: Tensor, gains: Gains) -> Tensor:
    r"""What is to be stored for a tensor to count as a plain one: the way back from `plain`.

    >>> import torch
    >>> equalised("first.weight", torch.full((8, 2), 5.0), ((r"first\..+", GAIN),))[0].tolist()
    [5.0, 5.0]
    """
    return plain_tensor.float() / _scale(ours, plain_tensor, gains)


def _scale(ours: str, tensor: Tensor, gains: Gains) -> float:
    gain = next((each for pattern, each in gains if re.fullmatch(pattern, ours)), 1.0)
    if gain is None:
        return 1.0
    inputs = math.prod(tensor.shape[1:]) or 1  # a bias has none
    return gain / math.sqrt(inputs)
