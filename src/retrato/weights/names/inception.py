"""The parameter names of Inception-v3 of 2015-12-05, and ours; batch normalisation folded into the convolutions.

Published: pytorch-fid's file, by torchvision's names; and TensorFlow's own names, in a file of the first part whose
normalisation is folded already.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from retrato.weights.names.rename import Patterns, rename

EPSILON = 1e-3
"""Of the published batch normalisation."""

TENSORFLOW: Patterns = (
    (r"conv\.(.+)", r"stem.0.\1"),
    (r"conv_(\d)\.(.+)", r"stem.\1.\2"),
    (r"mixed_conv\.(.+)", r"blocks.0.branches.0.0.\1"),
    (r"mixed_(\d+)_conv\.(.+)", r"blocks.\1.branches.0.0.\2"),
)
"""Whole names outside the towers."""
TOWER = re.compile(r"mixed_(?:(\d+)_)?tower_(?:(\d)_)?conv(?:_(\d))?\.(.+)")
"""Block, tower, place in the tower: none of them counts as 0. The third tower follows the pool."""
POOLED_TOWER = 2

STEM = {"1a_3x3": 0, "2a_3x3": 1, "2b_3x3": 2, "3b_1x1": 3, "4a_3x3": 4}
BLOCKS = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")
BRANCHES: Patterns = (
    (r"6a\.branch3x3", r"branches.0.1"),
    (r"6a\.branch3x3dbl_(\d)", r"branches.1.\1"),
    (r"7a\.branch3x3_(\d)", r"branches.0.\1"),
    (r"7a\.branch7x7x3_(\d)", r"branches.1.\1"),
    (r"..\.branch_pool", r"pooled"),
    (r"..\.branch1x1", r"branches.0.1"),
    (r"..\.branch(?:5x5|7x7|3x3)_(\d)", r"branches.1.\1"),
    (r"..\.branch(?:3x3|7x7)dbl_(\d)", r"branches.2.\1"),
    (r"..\.branch3x3_2a", r"branches.1.2.across"),
    (r"..\.branch3x3_2b", r"branches.1.2.down"),
    (r"..\.branch3x3dbl_3a", r"branches.2.3.across"),
    (r"..\.branch3x3dbl_3b", r"branches.2.3.down"),
)
"""Block and published branch, and ours; layers still counted from 1."""


def inception_to_ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of our network, from those of pytorch-fid's file; the classifier is left out.

    Raises:
        KeyError: a name is unknown.
    """
    convolutions = [name.removesuffix(".conv.weight") for name in published if name.endswith(".conv.weight")]
    known = {f"{layer}.{part}" for layer in convolutions for part in PARTS}
    unknown = {name for name in published if not name.startswith(("fc.", "AuxLogits.")) and name not in known}
    if unknown:
        raise KeyError(min(unknown))
    ours: dict[str, Tensor] = {}
    for layer in convolutions:
        if not layer.startswith("AuxLogits."):
            ours |= _folded(published, layer, _ours(layer))
    return ours


PARTS = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked")


def _folded(published: Mapping[str, Tensor], layer: str, ours: str) -> dict[str, Tensor]:
    """One convolution with its normalisation."""
    weight, gain, bias, mean, variance = (published[f"{layer}.{part}"].double() for part in PARTS[:5])
    scale = gain * torch.rsqrt(variance + EPSILON)
    return {
        f"{ours}.weight": (weight * scale[:, None, None, None]).float(),
        f"{ours}.bias": (bias - mean * scale).float(),
    }


def _ours(layer: str) -> str:
    """Our name for a published layer."""
    if layer.startswith("Conv2d_"):
        return f"stem.{STEM[layer.removeprefix('Conv2d_')]}"
    block_and_branch = layer.removeprefix("Mixed_")
    ours = rename(block_and_branch, BRANCHES)
    from_zero = re.sub(r"(branches\.\d)\.(\d)", lambda found: f"{found[1]}.{int(found[2]) - 1}", ours)
    return f"blocks.{BLOCKS.index(block_and_branch.partition('.')[0])}.{from_zero}"


def tensorflow_inception_to_ours(name: str) -> str:
    """Our name for a parameter by TensorFlow's, normalisation folded.

    Raises:
        KeyError: there is no such published name.
    """
    match = TOWER.fullmatch(name)
    if match is None:
        return rename(name, TENSORFLOW)
    block, tower, place, kind = int(match[1] or 0), int(match[2] or 0), int(match[3] or 0), match[4]
    inner = "pooled" if tower == POOLED_TOWER else f"branches.{tower + 1}.{place}"
    return f"blocks.{block}.{inner}.{kind}"
