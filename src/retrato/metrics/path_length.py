"""How evenly a prior changes its pictures on the way from one style to another."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import PerPicture, Pictures

STEP = 1e-4
"""Of the way (Karras et al., 2019, section 4.1)."""
LEFT_OUT = 0.01
"""Of the distances at each end, as published: single ones are so large that they would be all of the mean."""
LARGEST_SIZE = 256
"""Pixels at which pictures are compared, as published; larger ones are averaged down."""

Styles = Float[Tensor, "n ..."]
Draw = Callable[[Styles], Pictures]
Perceptual = Callable[[Pictures, Pictures], PerPicture]


@torch.no_grad()
def path_distances(
    draw: Draw, starts: Styles, ends: Styles, ways: PerPicture, perceptual: Perceptual, step: float = STEP
) -> PerPicture:
    """How much each picture changes in a small step on a straight line, for its length, squared (eq. 3, in W).

    Args:
        draw: pictures of styles, the same noise in both calls.
        starts: styles to go from.
        ends: styles to go to.
        ways: how far the step begins on the way, 0 to 1: 0 measures at the styles themselves, as StyleGAN2 does.
        perceptual: LPIPS; the published numbers take it on VGG-16.
        step: in lengths of the way.
    """
    along = ways.to(starts).reshape(-1, *[1] * (starts.dim() - 1))
    before, after = (_shrunk(draw(starts.lerp(ends, each))) for each in (along, along + step))
    return perceptual(before, after).float().cpu() / step**2


def perceptual_path_length(distances: PerPicture) -> float:
    """The mean of distances, without the largest and the smallest hundredth; lower is smoother.

    Comparable between priors of one resolution, measured by one LPIPS, cropped alike.
    """
    ordered = distances.sort().values.double()
    left_out = int(LEFT_OUT * len(ordered))
    return float(ordered[left_out : len(ordered) - left_out].mean())


def _shrunk(pictures: Pictures) -> Float[Tensor, "n 3 _ _"]:
    factor = pictures.shape[-1] // LARGEST_SIZE
    return F.avg_pool2d(pictures, factor) if factor > 1 else pictures
