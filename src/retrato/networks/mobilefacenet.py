"""MobileFaceNet (Chen et al., 2018): who a face is, as 128 numbers."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.networks.imagenet import normalised
from retrato.shapes import Faces

Embeddings = Float[Tensor, "n 128"]

STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""(expansion, channels, blocks, first stride) of each stage (table 1)."""

CROP_SIZE = 112
CROP_LEFT, CROP_TOP, CROP_SIDE = 0.1265, 0.1195, 0.7489
"""Where this network's 112 px crop lies in a face aligned to the FFHQ template, in widths of the face: the scale and
shift that bring the template's five points closest to (38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37),
(70.73, 92.20), where it expects them."""


class MobileFaceNet(nn.Module):
    """Embeds faces that are aligned to the FFHQ template."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv_norm(3, 64, 3, stride=2)
        self.depthwise = conv_norm(64, 64, 3, groups=64)
        self.pointwise = conv_norm(64, 64, 1)
        blocks: list[nn.Module] = []
        before = 64
        for expansion, channels, count, first_stride in STAGES:
            for index in range(count):
                blocks.append(InvertedResidual(before, channels, expansion, first_stride if index == 0 else 1))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(128, 512, 1)
        self.gather = conv_norm(512, 512, 7, groups=512, padding=0)
        self.project = nn.Sequential(nn.Conv2d(512, 128, 1), nn.BatchNorm2d(128))

    def forward(self, faces: Faces) -> Embeddings:
        """Embeddings of length 1: their inner product is the cosine between two people."""
        features = F.relu6(self.first(normalised(recognition_crop(faces))))
        features = F.relu(self.pointwise(F.relu(self.depthwise(features))))
        features = F.relu6(self.last(self.blocks(features)))
        return F.normalize(self.project(self.gather(features)).flatten(1).float())


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to the input where the shapes agree."""

    def __init__(self, in_channels: int, out_channels: int, expansion: int, stride: int) -> None:
        super().__init__()
        inner = in_channels * expansion
        self.expand = conv_norm(in_channels, inner, 1)
        self.filter = conv_norm(inner, inner, 3, stride=stride, groups=inner)
        self.project = conv_norm(inner, out_channels, 1)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, O, h / stride, w / stride)."""
        inner = F.relu6(self.filter(F.relu6(self.expand(features))))
        projected: Tensor = self.project(inner)
        return features + projected if self.is_residual else projected


def recognition_crop(faces: Faces) -> Float[Tensor, "n 3 112 112"]:
    """What the network looks at."""
    size = faces.shape[-1]
    left, top, side = (round(each * size) for each in (CROP_LEFT, CROP_TOP, CROP_SIDE))
    crop = faces[:, :, top : top + side, left : left + side]
    return F.interpolate(crop, (CROP_SIZE, CROP_SIZE), mode="bilinear", antialias=True, align_corners=False)
