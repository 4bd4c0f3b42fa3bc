"""LPIPS v0.1 on SqueezeNet 1.1 (Zhang et al., 2018): how different two pictures look."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato.shapes import PerPicture, Pictures

SLICES = ((), ((64, 16, 64), (128, 16, 64)), ((128, 32, 128), (256, 32, 128)), ((256, 48, 192),), ((384, 48, 192),))
"""(channels in, squeezed, each expansion) of the Fire modules in slices 1 to 5; 6 and 7 hold one each."""
LAST_SLICES = (((384, 64, 256),), ((512, 64, 256),))
FEATURE_CHANNELS = (64, 128, 256, 384, 384, 512, 512)


class LPIPS(nn.Module):
    """Distance between the trunk's features of two pictures, weighted by what people see."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 64, 3, stride=2)
        self.slices = nn.ModuleList(nn.Sequential(*(Fire(*shape) for shape in each)) for each in SLICES + LAST_SLICES)
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(channels)) for channels in FEATURE_CHANNELS)
        self.register_buffer("shift", torch.zeros(3))
        self.register_buffer("scale", torch.ones(3))

    def forward(self, pictures: Pictures, others: Pictures) -> PerPicture:
        """0 for equal pictures; about 0.1 for ones that people call alike."""
        pairs = zip(self.features(pictures), self.features(others), strict=True)
        distances = [
            torch.einsum("nchw,c->n", (_unit(one) - _unit(other)).square(), weight).float() / one[0, 0].numel()
            for weight, (one, other) in zip(self.weights, pairs, strict=True)
        ]
        return torch.stack(distances).sum(0)

    def features(self, pictures: Pictures) -> list[Tensor]:
        """(N, C, h, w) after each slice, fine to coarse."""
        normalised = (pictures - self.shift[:, None, None]) / self.scale[:, None, None]
        current = F.relu(self.first(normalised))
        found = []
        for index, each in enumerate(self.slices):
            if index in {1, 2, 3}:
                current = F.max_pool2d(current, 3, stride=2, ceil_mode=True)
            current = each(current)
            found.append(current)
        return found


class Fire(nn.Module):
    """SqueezeNet's module: squeeze to few channels, expand by two sizes of kernel."""

    def __init__(self, in_channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, 2 * expanded, h, w)."""
        squeezed = F.relu(self.squeeze(features))
        return F.relu(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], 1))


def _unit(features: Tensor) -> Tensor:
    """Length 1 along the channels; the length is summed in float32 whatever the features are."""
    length = torch.linalg.vector_norm(features, dim=1, keepdim=True, dtype=torch.float32)
    return features * (1 / (length + 1e-10)).to(features.dtype)
