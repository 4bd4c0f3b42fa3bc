"""The published StyleGAN2 generators' parameters, and ours: names, and the scales of equalised learning rates.

Published: `StyleGAN2Generator` of BasicSR, and the priors of GFP-GAN, which are called as that one's parameters are.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from retrato.weights.names.equalised import GAIN, Gains, equalised, plain
from retrato.weights.names.kinds import Kind
from retrato.weights.names.rename import Patterns, rename

LAYER: Patterns = (
    (r"modulated_conv\.modulation\.(weight|bias)", r"conv.to_scale.\1"),
    (r"modulated_conv\.weight", r"conv.weight"),
    (r"weight", r"noise_strength"),
    (r"(?:activate\.)?bias", r"bias"),
)
"""Names within one `StyleConv` or `ToRGB`."""

PUBLISHED_LAYER: Patterns = (
    (r"conv\.to_scale\.(weight|bias)", r"modulated_conv.modulation.\1"),
    (r"conv\.weight", r"modulated_conv.weight"),
    (r"noise_strength", r"weight"),
    (r"bias", r"bias"),
)
"""The way back, in the clean kind."""
OUR_LAYER = re.compile(r"(first|first_to_rgb|blocks\.(\d+)\.(enlarge|refine|to_rgb))\.(.+)")

GAINS: Gains = (
    (r"constant|.*\.noise", None),
    (r"mapping\..+", 0.01 * GAIN),  # learns at a hundredth of the rate of the others
    (r"(first|.+\.(enlarge|refine))\.(bias|noise_strength)", GAIN),
)


def stylegan2_to_ours(published: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """Parameters of our generator, from those of a published one.

    Raises:
        KeyError: a name is unknown.
    """
    named = {stylegan2_name(name, kind): tensor for name, tensor in published.items()}
    shaped = {ours: _in_our_shape(ours, tensor) for ours, tensor in named.items()}
    if kind is Kind.CLEAN:
        return {ours: tensor.float() for ours, tensor in shaped.items()}
    return {ours: plain(ours, tensor, GAINS) for ours, tensor in shaped.items()}


def stylegan2_to_published(ours: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """Parameters of a published generator, from those of ours: the way back from `stylegan2_to_ours`.

    Raises:
        KeyError: a name is unknown.
    """
    if kind is not Kind.CLEAN:
        ours = {name: equalised(name, tensor, GAINS) for name, tensor in ours.items()}
    return {published_stylegan2_name(name, kind): _in_published_shape(name, each, kind) for name, each in ours.items()}


def published_stylegan2_name(ours: str, kind: Kind) -> str:
    """The published name for a parameter of our generator.

    Raises:
        KeyError: our generator has no such name.
    """
    if ours == "constant":
        return "constant_input.weight"
    if mapping := re.fullmatch(r"mapping\.(\d+)\.(weight|bias)", ours):
        index = int(mapping[1])  # counts our LeakyReLUs, too
        return f"style_mlp.{1 + index // (1 if kind is Kind.CLEAN else 2)}.{mapping[2]}"
    layer = OUR_LAYER.fullmatch(ours)
    if layer is None:
        raise KeyError(ours)
    whole, block, part, inner = layer[1], int(layer[2] or 0), layer[3], layer[4]
    index = 2 * block + (part == "refine")  # among the convolutions after the first
    if inner == "noise":
        return f"noises.noise{0 if whole == 'first' else index + 1}"
    inner = rename(inner, PUBLISHED_LAYER)
    if inner == "bias" and "to_rgb" not in whole and kind is not Kind.CLEAN:
        inner = "activate.bias"
    heads = {"first": "style_conv1", "first_to_rgb": "to_rgb1", f"blocks.{block}.to_rgb": f"to_rgbs.{block}"}
    return f"{heads.get(whole, f'style_convs.{index}')}.{inner}"


def stylegan2_name(name: str, kind: Kind) -> str:
    """Our name for a parameter of a published generator.

    Raises:
        KeyError: the published generator has no such name.
    """
    head, _, rest = name.partition(".")
    match head:
        case "constant_input":
            ours = "constant"
        case "style_mlp":
            index, inner = _indexed(rest)
            # The published list begins with the normalisation; only the clean one counts the LeakyReLUs.
            ours = f"mapping.{(index - 1) * (1 if kind is Kind.CLEAN else 2)}.{inner}"
        case "noises":
            ours = f"{_layer(_indexed(rest.removeprefix('noise') + '.')[0])}.noise"
        case "style_conv1":
            ours = f"first.{rename(rest, LAYER)}"
        case "to_rgb1":
            ours = f"first_to_rgb.{rename(rest, LAYER)}"
        case "style_convs":
            index, inner = _indexed(rest)
            ours = f"{_layer(index + 1)}.{rename(inner, LAYER)}"
        case "to_rgbs":
            index, inner = _indexed(rest)
            ours = f"blocks.{index}.to_rgb.{rename(inner, LAYER)}"
        case _:
            raise KeyError(name)
    return ours


def _indexed(name: str) -> tuple[int, str]:
    match = re.fullmatch(r"(\d{1,3})\.(.*)", name)
    if not match:
        raise KeyError(name)
    return int(match[1]), match[2]


def _layer(index: int) -> str:
    """Layer 0 works at 4 px; then two for each resolution."""
    if index == 0:
        return "first"
    return f"blocks.{(index - 1) // 2}.{('enlarge', 'refine')[(index - 1) % 2]}"


def _in_our_shape(ours: str, published: Tensor) -> Tensor:
    """Without the dimensions of one that the published code has for broadcasting."""
    if ours.endswith("bias"):
        return published.flatten()  # (C), or (1, C, 1, 1)
    if ours.endswith(("conv.weight", "noise_strength")):
        return published.squeeze(0)  # (1, O, I, K, K); (1)
    return published


def _in_published_shape(ours: str, tensor: Tensor, kind: Kind) -> Tensor:
    """With the dimensions of one that the published code has for broadcasting."""
    if ours.endswith(("conv.weight", "noise_strength")):
        return tensor.unsqueeze(0)
    is_of_layer = ours.endswith("bias") and not ours.endswith("to_scale.bias") and not ours.startswith("mapping.")
    if is_of_layer and ("to_rgb" in ours or kind is Kind.CLEAN):
        return tensor.view(1, -1, 1, 1)
    return tensor
