"""The parameter names of torchvision's VGG-19, and ours."""

import re

from retrato.networks.vgg import VGGLayer

PLACES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
"""Where each convolution stands in the published sequence; ReLUs and poolings are between."""
LAYERS = {str(place): layer for place, layer in zip(PLACES, VGGLayer, strict=True)}


def vgg19_to_ours(name: str) -> str:
    """Our name for a parameter of the published trunk.

    Raises:
        KeyError: there is no such published name, or it is one of the classifier's.
    """
    match = re.fullmatch(r"features\.(\d+)\.(weight|bias)", name)
    if match is None:
        raise KeyError(name)
    place, kind = match.groups()
    return f"convolutions.{LAYERS[place]}.{kind}"
