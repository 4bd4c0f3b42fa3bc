"""RetinaFace (Deng et al., 2020): finds the faces of a picture, of all sizes at once, with five landmarks each.

Features of three resolutions are merged from coarse to fine and widened by their surroundings; at each place of each,
two anchors say whether they hold a face, where its box is, and where its landmarks are. As facexlib publishes it, on
one of two trunks.
"""

from dataclasses import dataclass
from enum import StrEnum

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.shapes import Features, Pictures

Anchors = Float[Tensor, "anchors 4"]
"""Centre x, centre y, width and height in pixels, counted from the picture's upper left corner."""

STEPS = (8, 16, 32)
"""Pixels from one anchor's centre to the next, for each resolution of features."""
ANCHOR_SIZES = ((16, 32), (64, 128), (256, 512))
"""Widths in pixels of the two anchors at each place, for each resolution."""
CENTRE_UNIT, SIZE_UNIT = 0.1, 0.2
"""What the network counts centres and landmarks in (widths of the anchor), and sizes in (logarithms)."""
MEAN_BGR = (104.0, 117.0, 123.0)
"""Mean levels of the pictures that the trunks were trained on, blue first, as they take them."""


class Backbone(StrEnum):
    """The trunks that RetinaFace was published with."""

    MOBILENET = "mobilenet0.25"
    RESNET50 = "resnet50"


@dataclass(frozen=True)
class RetinaFaceConfig:
    """Which of the published networks it is."""

    backbone: Backbone = Backbone.RESNET50

    @property
    def trunk_channels(self) -> tuple[int, int, int]:
        """Channels of the trunk's features at the three resolutions."""
        return (64, 128, 256) if self.backbone is Backbone.MOBILENET else (512, 1024, 2048)

    @property
    def channels(self) -> int:
        """Channels of the merged features."""
        return 64 if self.backbone is Backbone.MOBILENET else 256

    @property
    def slope(self) -> float:
        """Of the activations for negative values, where features are merged."""
        return 0.1 if self.backbone is Backbone.MOBILENET else 0.0


@dataclass(frozen=True, eq=False)
class FoundFaces:
    """What each anchor holds, for a batch of pictures."""

    scores: Float[Tensor, "n anchors"]
    """How likely a face, 0 to 1."""
    boxes: Float[Tensor, "n anchors 4"]
    """Left, top, right, bottom, in pixels."""
    landmarks: Float[Tensor, "n anchors 5 2"]
    """(x, y) in pixels, in the order of `Landmarks`."""


class RetinaFace(nn.Module):
    """Looks at pictures of any size as they are: its anchors are for faces of about 10 to 600 px."""

    def __init__(self, config: RetinaFaceConfig | None = None) -> None:
        super().__init__()
        self.config = config or RetinaFaceConfig()
        channels, slope = self.config.channels, self.config.slope
        self.trunk: nn.Module = MobileNet() if self.config.backbone is Backbone.MOBILENET else ResNet50()
        self.merge = FeaturePyramid(self.config.trunk_channels, channels, slope)
        self.contexts = nn.ModuleList(Context(channels, slope) for _ in STEPS)
        self.heads = nn.ModuleList(Head(channels) for _ in STEPS)

    def forward(self, pictures: Pictures) -> FoundFaces:
        """Everything that the anchors hold; most of it is no face."""
        levels = self.merge(self.trunk(as_trained(pictures)))
        parts = [head(context(each)) for head, context, each in zip(self.heads, self.contexts, levels, strict=True)]
        logits, boxes, landmarks = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))  # (N, A, ...)
        height, width = pictures.shape[2:]
        centres, sizes = anchors_of(height, width).to(logits).split(2, dim=1)
        box_sizes = sizes * torch.exp(SIZE_UNIT * boxes[..., 2:])
        corners = centres + CENTRE_UNIT * boxes[..., :2] * sizes - box_sizes / 2
        points = centres[:, None] + CENTRE_UNIT * landmarks.unflatten(2, (5, 2)) * sizes[:, None]
        return FoundFaces(logits.softmax(2)[..., 1], torch.cat([corners, corners + box_sizes], dim=2), points)


class Head(nn.Module):
    """Says what the two anchors at each place hold."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.is_face = nn.Conv2d(channels, 2 * 2, 1)
        self.boxes = nn.Conv2d(channels, 2 * 4, 1)
        self.landmarks = nn.Conv2d(channels, 2 * 10, 1)

    def forward(
        self, features: Features
    ) -> tuple[Float[Tensor, "n places 2"], Float[Tensor, "n places 4"], Float[Tensor, "n places 10"]]:
        """Logits of no face and face; offsets of box and landmarks; places go by rows, columns and anchor sizes."""
        return (
            by_place(self.is_face(features), 2),
            by_place(self.boxes(features), 4),
            by_place(self.landmarks(features), 10),
        )


class FeaturePyramid(nn.Module):
    """Brings the trunk's features to one number of channels, and adds the coarser to the finer."""

    def __init__(self, trunk_channels: tuple[int, int, int], channels: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.inputs = nn.ModuleList(conv_norm(each, channels, 1) for each in trunk_channels)
        self.merged = nn.ModuleList(conv_norm(channels, channels, 3) for _ in range(2))

    def forward(self, features: tuple[Features, Features, Features]) -> tuple[Features, Features, Features]:
        """Three resolutions, the finest first."""
        fine, middle, coarse = (
            F.leaky_relu(layer(each), self.slope) for layer, each in zip(self.inputs, features, strict=True)
        )
        middle = F.leaky_relu(self.merged[1](middle + enlarged(coarse, middle)), self.slope)
        fine = F.leaky_relu(self.merged[0](fine + enlarged(middle, fine)), self.slope)
        return fine, middle, coarse


class Context(nn.Module):
    """Features beside what one, two and three convolutions see around them (SSH; Najibi et al., 2017)."""

    def __init__(self, channels: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.near = conv_norm(channels, channels // 2, 3)
        self.shared = conv_norm(channels, channels // 4, 3)
        self.middle = conv_norm(channels // 4, channels // 4, 3)
        self.far = nn.ModuleList(
            [conv_norm(channels // 4, channels // 4, 3), conv_norm(channels // 4, channels // 4, 3)]
        )

    def forward(self, features: Features) -> Features:
        """(N, C, h, w) to the same."""
        shared = F.leaky_relu(self.shared(features), self.slope)
        far = self.far[1](F.leaky_relu(self.far[0](shared), self.slope))
        return F.relu(torch.cat([self.near(features), self.middle(shared), far], dim=1))


class MobileNet(nn.Module):
    """MobileNet v1 (Howard et al., 2017) with a quarter of its channels."""

    STAGES = (((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)), ((128, 2), *[(128, 1)] * 5), ((256, 2), (256, 1)))
    """(channels, stride) of each layer, by stage; before them, one that halves the resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv_norm(3, 8, 3, stride=2)
        before, stages = 8, []
        for stage in self.STAGES:
            layers = []
            for channels, stride in stage:
                layers.append(SeparableConv(before, channels, stride))
                before = channels
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)

    def forward(self, inputs: Features) -> tuple[Features, Features, Features]:
        """Features at an 8th, a 16th and a 32nd of the resolution."""
        fine = self.stages[0](F.leaky_relu(self.first(inputs), 0.1))
        middle = self.stages[1](fine)
        return fine, middle, self.stages[2](middle)


class SeparableConv(nn.Module):
    """Filters each channel, then mixes them."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.filter = conv_norm(in_channels, in_channels, 3, stride=stride, groups=in_channels)
        self.mix = conv_norm(in_channels, out_channels, 1)

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, h / stride, w / stride)."""
        return F.leaky_relu(self.mix(F.leaky_relu(self.filter(features), 0.1)), 0.1)


class ResNet50(nn.Module):
    """ResNet-50 (He et al., 2016) as torchvision has it, without the classifier."""

    STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
    """(inner channels, blocks) of each stage; every stage but the first halves the resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv_norm(3, 64, 7, stride=2)
        before, stages = 64, []
        for inner, count in self.STAGES:
            stride = 1 if inner == 64 else 2
            blocks = [Bottleneck(before, inner, stride), *(Bottleneck(4 * inner, inner) for _ in range(count - 1))]
            stages.append(nn.Sequential(*blocks))
            before = 4 * inner
        self.stages = nn.ModuleList(stages)

    def forward(self, inputs: Features) -> tuple[Features, Features, Features]:
        """Features at an 8th, a 16th and a 32nd of the resolution."""
        features = self.stages[0](F.max_pool2d(F.relu(self.first(inputs)), 3, stride=2, padding=1))
        fine = self.stages[1](features)
        middle = self.stages[2](fine)
        return fine, middle, self.stages[3](middle)


class Bottleneck(nn.Module):
    """Narrows, filters, and widens to four times the inner channels, beside a shortcut."""

    def __init__(self, in_channels: int, inner: int, stride: int = 1) -> None:
        super().__init__()
        self.narrow = conv_norm(in_channels, inner, 1)
        self.filter = conv_norm(inner, inner, 3, stride=stride)
        self.widen = conv_norm(inner, 4 * inner, 1)
        changes = stride > 1 or in_channels != 4 * inner
        self.shortcut = conv_norm(in_channels, 4 * inner, 1, stride=stride) if changes else nn.Identity()

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, 4 inner, h / stride, w / stride)."""
        inner = self.widen(F.relu(self.filter(F.relu(self.narrow(features)))))
        return F.relu(inner + self.shortcut(features))


def anchors_of(height: int, width: int) -> Anchors:
    """All anchors of a picture of that size, in the order in which the heads speak of them."""
    parts = []
    for step, sizes in zip(STEPS, ANCHOR_SIZES, strict=True):
        rows, columns = -(-height // step), -(-width // step)
        y = (torch.arange(rows) + 0.5)[:, None, None].expand(rows, columns, 2) * step
        x = (torch.arange(columns) + 0.5)[:, None].expand(rows, columns, 2) * step
        side = torch.tensor(sizes, dtype=torch.float32).expand(rows, columns, 2)
        parts.append(torch.stack([x, y, side, side], dim=3).reshape(-1, 4))
    return torch.cat(parts)


def by_place(maps: Features, values: int) -> Float[Tensor, "n places _"]:
    """(N, 2 V, h, w) to (N, 2 h w, V)."""
    return maps.permute(0, 2, 3, 1).reshape(len(maps), -1, values)


def enlarged(coarse: Features, fine: Features) -> Features:
    """The coarser features at the size of the finer, by the nearest."""
    return F.interpolate(coarse, size=fine.shape[2:], mode="nearest")


def as_trained(pictures: Pictures) -> Pictures:
    """Levels from 0 to 255 without their mean, blue first."""
    return (pictures.flip(1) + 1) * 127.5 - pictures.new_tensor(MEAN_BGR)[:, None, None]
