"""How far restored faces are from their targets, pixel by pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor

from retrato.shapes import Faces, Scalar


def pixel_loss(restored: Faces, target: Faces) -> Scalar:
    """Mean absolute difference."""
    return F.l1_loss(restored, target)


def pyramid_loss(pyramid: list[Tensor], target: Faces) -> Scalar:
    """The pixel loss of the U-Net's own pictures, summed over resolutions (Wang et al., 2021, section 3.2).

    Args:
        pyramid: (N, 3, size, size) for each resolution.
        target: shrunk by averaging for each.
    """
    losses = [F.l1_loss(each, F.adaptive_avg_pool2d(target, each.shape[-1])) for each in pyramid]
    return torch.stack(losses).sum()
