"""The published discriminators' parameters, and ours: other names, and the equalised scales and gains folded in.

Published: `StyleGAN2Discriminator` of BasicSR and `FacialComponentDiscriminator` of GFPGAN, with equalised learning
rates (Karras et al., 2018): a stored weight counts divided by the root of its inputs, and every LeakyReLU is scaled by
the root of two. Since LeakyReLU passes on a factor, both can be multiplied into weights and biases.
"""

import math
import re
from collections.abc import Mapping

from torch import Tensor

from retrato.weights.names.rename import Patterns, rename

GAIN = math.sqrt(2)

DISCRIMINATOR: Patterns = (
    (r"conv_body\.0\.0\.weight", r"first.conv.weight"),
    (r"conv_body\.0\.1\.bias", r"first.conv.bias"),
    (r"final_conv\.0\.weight", r"last.conv.weight"),
    (r"final_conv\.1\.bias", r"last.conv.bias"),
    (r"final_linear\.0\.(weight|bias)", r"gather.\1"),
    (r"final_linear\.1\.(weight|bias)", r"judge.\1"),
)
BLOCK = re.compile(r"conv_body\.(\d+)\.(conv1|conv2|skip)\.\d\.(weight|bias)")

COMPONENT: Patterns = (
    (r"conv([123])\.\d\.(weight|bias)", r"fine.{\1}.conv.\2"),
    (r"conv([45])\.\d\.(weight|bias)", r"coarse.{\1}.conv.\2"),
    (r"final_conv\.0\.(weight|bias)", r"judge.\1"),
)
PLACES = {"{1}": "0", "{2}": "1", "{3}": "2", "{4}": "0", "{5}": "1"}
"""Where each published convolution of a component stands in its sequence here."""


def discriminator_to_ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of our discriminator, from those of the published one.

    Raises:
        KeyError: a name is unknown.
    """
    return {_discriminator_name(name): _folded(name, tensor) for name, tensor in published.items()}


def component_discriminator_to_ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of our component discriminator, from those of the published one.

    Raises:
        KeyError: a name is unknown.
    """
    return {_component_name(name): _folded(name, tensor) for name, tensor in published.items()}


def _discriminator_name(name: str) -> str:
    block = BLOCK.fullmatch(name)
    if block is None:
        return rename(name, DISCRIMINATOR)
    index, layer, kind = block.groups()
    return f"blocks.{int(index) - 1}.{layer.replace('skip', 'shortcut')}.conv.{kind}"


def _component_name(name: str) -> str:
    ours = rename(name, COMPONENT)
    for published, place in PLACES.items():
        ours = ours.replace(published, place)
    return ours


def _folded(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.float()
    if tensor.dim() > 1:
        tensor = tensor / math.sqrt(tensor[0].numel())
    if name.startswith(("final_linear.1", "final_conv.0.bias")) or (name == "final_conv.0.weight" and len(tensor) == 1):
        return tensor  # the last layer has no LeakyReLU
    if BLOCK.fullmatch(name) and ".conv2." in name:
        return tensor  # its gain, and the division of the block's sum by the root of two, cancel
    return tensor / GAIN if ".skip." in name else tensor * GAIN
