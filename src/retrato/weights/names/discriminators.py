"""The published discriminators' parameters, and ours: names, and the scales of equalised learning rates.

Published: `StyleGAN2Discriminator` of BasicSR and `FacialComponentDiscriminator` of GFPGAN.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from retrato.weights.names.equalised import GAIN, Gains, plain
from retrato.weights.names.rename import Patterns, rename

DISCRIMINATOR: Patterns = (
    (r"conv_body\.0\.0\.weight", r"first.conv.weight"),
    (r"conv_body\.0\.1\.bias", r"first.conv.bias"),
    (r"final_conv\.0\.weight", r"last.conv.weight"),
    (r"final_conv\.1\.bias", r"last.conv.bias"),
    (r"final_linear\.0\.(weight|bias)", r"gather.\1"),
    (r"final_linear\.1\.(weight|bias)", r"judge.\1"),
)
BLOCK = re.compile(r"conv_body\.(\d+)\.(conv1|conv2|skip)\.\d\.(weight|bias)")
DISCRIMINATOR_GAINS: Gains = (
    (r"judge\..+", 1.0),  # no LeakyReLU follows
    (r"blocks\.\d+\.conv2\..+", 1.0),  # the division of the block's sum by the root of two cancels it
    (r"blocks\.\d+\.shortcut\..+", 1 / GAIN),
    (r".+", GAIN),
)

COMPONENT: Patterns = (
    (r"conv([123])\.\d\.(weight|bias)", r"fine.{\1}.conv.\2"),
    (r"conv([45])\.\d\.(weight|bias)", r"coarse.{\1}.conv.\2"),
    (r"final_conv\.0\.(weight|bias)", r"judge.\1"),
)
PLACES = {"{1}": "0", "{2}": "1", "{3}": "2", "{4}": "0", "{5}": "1"}
"""Where each published convolution of a component stands in its sequence here."""
COMPONENT_GAINS: Gains = ((r"judge\..+", 1.0), (r".+", GAIN))


def discriminator_to_ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of our discriminator, from those of the published one.

    Raises:
        KeyError: a name is unknown.
    """
    named = {_discriminator_name(name): tensor for name, tensor in published.items()}
    return {ours: plain(ours, tensor, DISCRIMINATOR_GAINS) for ours, tensor in named.items()}


def component_discriminator_to_ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of our component discriminator, from those of the published one.

    Raises:
        KeyError: a name is unknown.
    """
    named = {_component_name(name): tensor for name, tensor in published.items()}
    return {ours: plain(ours, tensor, COMPONENT_GAINS) for ours, tensor in named.items()}


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
