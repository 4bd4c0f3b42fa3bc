"""MobileFaceNet (Chen et al., 2018): who a face is, as 128 numbers; as published, or narrower."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.networks.imagenet import normalised
from retrato.shapes import Faces

Embeddings = Float[Tensor, "n 128"]

EXPANSIONS, STRIDES = (2, 4, 2, 4, 2), (2, 2, 1, 2, 1)
"""Of each stage's blocks, and of the first of them (table 1)."""
EMBEDDING_SIZE = 128

CROP_SIZE = 112
CROP_LEFT, CROP_TOP, CROP_SIDE = 0.1265, 0.1195, 0.7489
"""Where this network's 112 px crop lies in a face aligned to the FFHQ template, in widths of the face: the scale and
shift that bring the template's five points closest to (38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37),
(70.73, 92.20), where it expects them."""


@dataclass(frozen=True)
class MobileFaceNetConfig:
    """Shape of the network; the defaults are the published one (table 1)."""

    first_channels: int = 64
    """Of the layers before the stages."""
    channels: tuple[int, int, int, int, int] = (64, 128, 128, 128, 128)
    """Of each stage."""
    blocks: tuple[int, int, int, int, int] = (5, 1, 6, 1, 2)
    """In each stage."""
    last_channels: int = 512
    """That are gathered over the face."""
    fold: int = 1
    """2 folds 2x2 pixels into channels, so that the first layers, which cost the most, work at half the resolution."""

    def __post_init__(self) -> None:
        """Refuse what is no such network."""
        if self.fold not in {1, 2}:
            raise ValueError(f"fold must be 1 or 2, found {self.fold}")
        if len(self.channels) != len(STRIDES) or len(self.blocks) != len(STRIDES):
            raise ValueError(f"channels and blocks must have {len(STRIDES)} numbers, found {self}")
        if min(self.first_channels, *self.channels, *self.blocks, self.last_channels) < 1:
            raise ValueError(f"channels and blocks must be at least 1, found {self}")


class MobileFaceNet(nn.Module):
    """Embeds faces that are aligned to the FFHQ template."""

    def __init__(self, config: MobileFaceNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MobileFaceNetConfig()
        first, last = config.first_channels, config.last_channels
        self.first = conv_norm(3 * config.fold**2, first, 3, stride=2)
        self.depthwise = conv_norm(first, first, 3, groups=first)
        self.pointwise = conv_norm(first, first, 1)
        blocks: list[nn.Module] = []
        before = first
        strides = (STRIDES[0] // config.fold, *STRIDES[1:])  # folding has halved the resolution already
        for expansion, stride, channels, count in zip(EXPANSIONS, strides, config.channels, config.blocks, strict=True):
            for index in range(count):
                blocks.append(InvertedResidual(before, channels, expansion, stride if index == 0 else 1))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(before, last, 1)
        self.gather = conv_norm(last, last, 7, groups=last, padding=0)
        self.project = nn.Sequential(nn.Conv2d(last, EMBEDDING_SIZE, 1), nn.BatchNorm2d(EMBEDDING_SIZE))

    def forward(self, faces: Faces) -> Embeddings:
        """Embeddings of length 1: their inner product is the cosine between two people."""
        folded = F.pixel_unshuffle(normalised(recognition_crop(faces)), self.config.fold)
        features = F.relu6(self.first(folded))
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
        if stride == 2:
            self.filter[0] = HalvingFilter(inner)
        self.project = conv_norm(inner, out_channels, 1)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, O, h / stride, w / stride)."""
        inner = F.relu6(self.filter(F.relu6(self.expand(features))))
        projected: Tensor = self.project(inner)
        return features + projected if self.is_residual else projected


class HalvingFilter(nn.Conv2d):
    """A 3x3 filter for each channel, at every second pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, h / 2, w / 2).

        Where something learns on a CPU, all pixels are filtered and every second one kept: oneDNN's gradient of strided
        filters takes ten times as long in bf16.
        """
        if not (features.requires_grad and features.device.type == "cpu"):
            return super().forward(features)
        filtered = F.conv2d(features, self.weight, self.bias, padding=1, groups=self.groups)
        return filtered[:, :, ::2, ::2]


def recognition_crop(faces: Faces) -> Float[Tensor, "n 3 112 112"]:
    """What the network looks at."""
    size = faces.shape[-1]
    left, top, side = (round(each * size) for each in (CROP_LEFT, CROP_TOP, CROP_SIDE))
    crop = faces[:, :, top : top + side, left : left + side]
    return F.interpolate(crop, (CROP_SIZE, CROP_SIZE), mode="bilinear", antialias=True, align_corners=False)
