"""AdaFace (Kim et al., 2022) on improved residual networks: who a face is, also in bad pictures."""

from enum import StrEnum

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.networks.mobilefacenet import CROP_SIZE, recognition_crop
from retrato.shapes import Faces

Embeddings = Float[Tensor, "n 512"]

CHANNELS = (64, 128, 256, 512)
"""Of each stage; each halves the resolution of the one before, the first that of the face."""


class Depth(StrEnum):
    """How many layers, in the publisher's count."""

    IR_50 = "ir50"
    IR_101 = "ir101"

    @property
    def blocks(self) -> tuple[int, int, int, int]:
        """Blocks of each stage."""
        return (3, 4, 14, 3) if self is Depth.IR_50 else (3, 13, 30, 3)


class AdaFace(nn.Module):
    """Embeds faces that are aligned to the FFHQ template."""

    def __init__(self, depth: Depth) -> None:
        super().__init__()
        self.first = conv_norm(3, CHANNELS[0], 3)
        self.first_activation = nn.PReLU(CHANNELS[0])
        blocks: list[nn.Module] = []
        before = CHANNELS[0]
        for channels, count in zip(CHANNELS, depth.blocks, strict=True):
            for index in range(count):
                blocks.append(Residual(before, channels, stride=2 if index == 0 else 1))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.last_norm = nn.BatchNorm2d(CHANNELS[-1])
        self.gather = nn.Linear(CHANNELS[-1] * (CROP_SIZE // 16) ** 2, 512)
        self.gather_norm = nn.BatchNorm1d(512, affine=False)

    def forward(self, faces: Faces) -> Embeddings:
        """Embeddings of length 1. The network was trained on blue, green, red; it is given that order here."""
        crops = recognition_crop(faces).flip(1)
        features = self.last_norm(self.blocks(self.first_activation(self.first(crops))))
        return F.normalize(self.gather_norm(self.gather(features.flatten(1))).float())


class Residual(nn.Module):
    """Normalise, two convolutions with a PReLU between, beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv1 = conv_norm(in_channels, out_channels, 3)
        self.activation = nn.PReLU(out_channels)
        self.conv2 = conv_norm(out_channels, out_channels, 3, stride=stride)
        is_widened = in_channels != out_channels
        # Where the width stays, every second value is taken as it is.
        self.shortcut = (
            conv_norm(in_channels, out_channels, 1, stride=stride) if is_widened else nn.MaxPool2d(1, stride)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, O, h / stride, w / stride)."""
        inner: Tensor = self.conv2(self.activation(self.conv1(self.norm(features))))
        return inner + self.shortcut(features)
