"""AlexNet (Krizhevsky, 2014, in one column), as LPIPS looks through it."""

import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.imagenet import normalised
from retrato.shapes import Pictures


class AlexNet(nn.Module):
    """The trunk without its classifier."""

    channels = (64, 192, 384, 256, 256)
    """Of the features of each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(3, 64, 11, stride=4, padding=2),
                nn.Conv2d(64, 192, 5, padding=2),
                nn.Conv2d(192, 384, 3, padding=1),
                nn.Conv2d(384, 256, 3, padding=1),
                nn.Conv2d(256, 256, 3, padding=1),
            ]
        )

    def forward(self, pictures: Pictures) -> list[Tensor]:
        """(N, C, h, w) after the ReLU of each convolution, fine to coarse."""
        current = normalised(pictures)
        found = []
        for index, each in enumerate(self.convolutions):
            if index in {1, 2}:
                current = F.max_pool2d(current, 3, stride=2)
            current = F.relu(each(current))
            found.append(current)
        return found
