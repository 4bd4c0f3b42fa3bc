"""The parameter names of torchvision's VGG-19 and VGG-16, and ours."""

import re
from collections.abc import Mapping

from retrato.networks.vgg import VGG16_LAYERS, VGGLayer

PLACES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
"""Where each convolution stands in the published sequence; ReLUs and poolings are between."""
LAYERS = {str(place): layer for place, layer in zip(PLACES, VGGLayer, strict=True)}

VGG16_PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""The same of the shorter sequence."""
LAYERS_OF_VGG16 = {str(place): layer for place, layer in zip(VGG16_PLACES, VGG16_LAYERS, strict=True)}


def vgg19_to_ours(name: str) -> str:
    """Our name for a parameter of the published trunk.

    Raises:
        KeyError: there is no such published name, or it is one of the classifier's.
    """
    return _to_ours(name, LAYERS)


def vgg16_to_ours(name: str) -> str:
    """Our name for a parameter of the published trunk.

    Raises:
        KeyError: there is no such published name, or it is one of the classifier's.
    """
    return _to_ours(name, LAYERS_OF_VGG16)


def _to_ours(name: str, layers: Mapping[str, VGGLayer]) -> str:
    match = re.fullmatch(r"features\.(\d+)\.(weight|bias)", name)
    if match is None:
        raise KeyError(name)
    place, kind = match.groups()
    return f"convolutions.{layers[place]}.{kind}"
