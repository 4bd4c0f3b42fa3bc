"""Structural similarity at one scale and at five."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.errors import UnmeasurablePictures
from retrato.metrics.filters import filtered, gaussian
from retrato.metrics.luma import luma
from retrato.shapes import PerPicture, Pictures

WINDOW = gaussian(1.5, 11)
STABLE_MEANS, STABLE_DEVIATIONS = 0.01**2, 0.03**2
"""For values of 0 to 1 (Wang et al., 2004, section III.C)."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""What each scale counts, fine to coarse (Wang et al., 2003, section 3.2)."""

Maps = Float[Tensor, "n c _ _"]


def ssim(pictures: Pictures, targets: Pictures) -> PerPicture:
    """Structural similarity (Wang et al., 2004) over RGB, the mean of the three colours; 1 for equal pictures.

    Raises:
        UnmeasurablePictures: they are smaller than the window of 11 px.
    """
    return _mean_of_maps(pictures / 2 + 0.5, targets / 2 + 0.5)


def ssim_luma(pictures: Pictures, targets: Pictures) -> PerPicture:
    """The same over brightness alone, which is what the word means in the paper.

    Raises:
        UnmeasurablePictures: they are smaller than the window of 11 px.
    """
    return _mean_of_maps(luma(pictures) / 255, luma(targets) / 255)


def ms_ssim(pictures: Pictures, targets: Pictures) -> PerPicture:
    """Structural similarity at five scales (Wang et al., 2003), the mean over RGB; 1 for equal pictures.

    Correlations below zero count as zero, as no root can be taken of them.

    Raises:
        UnmeasurablePictures: they are smaller than 176 px, and at the coarsest scale than the window.
    """
    _require(pictures, len(WINDOW) * 2 ** (len(SCALE_WEIGHTS) - 1), "ms-ssim")
    one, other = pictures / 2 + 0.5, targets / 2 + 0.5
    product = one.new_ones(one.shape[:2])
    for index, weight in enumerate(SCALE_WEIGHTS):
        is_coarsest = index == len(SCALE_WEIGHTS) - 1
        means, deviations = _likeness(one, other)
        likeness = (means * deviations if is_coarsest else deviations).mean((2, 3)).relu()  # (N, C)
        product = product * likeness**weight
        one, other = (F.avg_pool2d(each, 2) for each in (one, other))
    return product.mean(1)


def _mean_of_maps(one: Maps, other: Maps) -> PerPicture:
    _require(one, len(WINDOW), "ssim")
    means, deviations = _likeness(one, other)
    return (means * deviations).mean((1, 2, 3))


def _likeness(one: Maps, other: Maps) -> tuple[Maps, Maps]:
    """Of the means, and of the deviations, around each pixel (equations 6, 9 and 10)."""
    one, other = one - 0.5, other - 0.5  # squares of smaller numbers lose fewer digits
    moments = torch.cat([one, other, one.square() + other.square(), one * other], 1)
    mean, other_mean, squares, products = filtered(moments, WINDOW).chunk(4, 1)
    squares = squares - mean.square() - other_mean.square()
    covariance = products - mean * other_mean
    mean, other_mean = mean + 0.5, other_mean + 0.5
    means = (2 * mean * other_mean + STABLE_MEANS) / (mean.square() + other_mean.square() + STABLE_MEANS)
    deviations = (2 * covariance + STABLE_DEVIATIONS) / (squares + STABLE_DEVIATIONS)
    return means, deviations


def _require(pictures: Tensor, least: int, metric: str) -> None:
    height, width = pictures.shape[-2:]
    if min(height, width) < least:
        raise UnmeasurablePictures(
            f"{metric} needs pictures of {least} x {least} px or more, found {width} x {height}: leave it out"
        )
