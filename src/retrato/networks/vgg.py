"""VGG-19 and VGG-16 (Simonyan and Zisserman, 2015): what ImageNet's pictures taught them to see, layer by layer."""

from collections.abc import Callable, Iterable
from enum import StrEnum

import torch.nn.functional as F
from torch import nn

from retrato.networks.imagenet import normalised
from retrato.shapes import Features, Pictures


class VGGLayer(StrEnum):
    """The convolutions, in the order in which they stand; the resolution halves where the first number rises."""

    CONV1_1 = "conv1_1"
    CONV1_2 = "conv1_2"
    CONV2_1 = "conv2_1"
    CONV2_2 = "conv2_2"
    CONV3_1 = "conv3_1"
    CONV3_2 = "conv3_2"
    CONV3_3 = "conv3_3"
    CONV3_4 = "conv3_4"
    CONV4_1 = "conv4_1"
    CONV4_2 = "conv4_2"
    CONV4_3 = "conv4_3"
    CONV4_4 = "conv4_4"
    CONV5_1 = "conv5_1"
    CONV5_2 = "conv5_2"
    CONV5_3 = "conv5_3"
    CONV5_4 = "conv5_4"

    @property
    def stage(self) -> int:
        """1 at the picture's resolution, 5 at a sixteenth of it."""
        return int(self.value[4])


VGG16_LAYERS = tuple(layer for layer in VGGLayer if not layer.value.endswith("_4"))
"""VGG-16 has three convolutions where VGG-19 has four (table 1, columns D and E)."""
CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
"""Width of each stage (table 1, columns D and E)."""


def halved(features: Features) -> Features:
    """The largest of each 2x2 values."""
    return F.max_pool2d(features, 2)


class VGG(nn.Module):
    """The convolutions of a VGG, without the layers that told its thousand classes apart."""

    def __init__(self, layers: Iterable[VGGLayer]) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.convolutions = nn.ModuleDict()
        before = 3
        for layer in self.layers:
            self.convolutions[layer] = nn.Conv2d(before, CHANNELS[layer.stage], 3, padding=1)
            before = CHANNELS[layer.stage]

    def forward(
        self, pictures: Pictures, layers: Iterable[VGGLayer], shrink: Callable[[Features], Features] = halved
    ) -> list[Features]:
        """What those layers give before their ReLU, in the order of `layers`; nothing beyond the last is computed.

        Args:
            pictures: what the network looks at.
            layers: some of its own.
            shrink: how the resolution halves between two stages.
        """
        wanted = list(layers)
        current, stage = normalised(pictures), 1
        found: dict[VGGLayer, Features] = {}
        for layer in self.layers:
            if len(found) == len(set(wanted)):
                break
            current = shrink(current) if layer.stage > stage else current
            current, stage = self.convolutions[layer](current), layer.stage
            if layer in wanted:
                found[layer] = current
            current = F.relu(current)
        return [found[layer] for layer in wanted]


class VGG19(VGG):
    """All sixteen convolutions."""

    def __init__(self) -> None:
        super().__init__(VGGLayer)


class VGG16(VGG):
    """The thirteen convolutions of the smaller network, with weights of its own."""

    def __init__(self) -> None:
        super().__init__(VGG16_LAYERS)
