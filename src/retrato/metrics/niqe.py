"""NIQE (Mittal et al., 2013): how far a picture's texture is from that of undistorted photographs."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

from retrato.errors import UnmeasurablePictures
from retrato.metrics.filters import filtered, gaussian
from retrato.metrics.luma import luma
from retrato.shapes import PerPicture, Pictures
from retrato.weights.judges import load_pristine_statistics

BLOCK_SIZE = 96
LEAST_BLOCKS = 2
"""Of one block alone there is no covariance."""
WINDOW = gaussian(7 / 6, 7)
SHAPES = torch.arange(200, 10_001, dtype=torch.float64) / 1000
"""Between which a distribution's shape is looked for; 2 is a Gaussian, 1 Laplace's."""
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns to the pixels that each is multiplied with."""

Grey = Float[Tensor, "n 1 _ _"]
Blocks = Float[Tensor, "n blocks _ _"]
BlockFeatures = Float64[Tensor, "n blocks _"]


class NIQE:
    """Naturalness of pictures of any content, without a target; lower is more natural.

    As BasicSR and MATLAB compute it: on the rounded Y of BT.601, at full and at half size, in blocks of 96 px. What is
    right of and below the last whole block is not looked at: of a picture of 256 px the upper left 192 px count. Always
    in float64 on the CPU.
    """

    def __init__(self, mean: Float64[Tensor, "36"], covariance: Float64[Tensor, "36 36"]) -> None:
        self.mean, self.covariance = mean, covariance

    @classmethod
    def published(cls) -> "NIQE":
        """With the published statistics.

        Raises:
            UnavailableWeights: their file is not here and cannot be fetched.
        """
        return cls(*load_pristine_statistics())

    @torch.no_grad()
    def __call__(self, pictures: Pictures) -> PerPicture:
        """About 3 to 5 for good photographs; nan where fewer than two blocks show anything.

        Raises:
            UnmeasurablePictures: they have fewer than two whole blocks.
        """
        fine = _whole_blocks(_rounded_luma(pictures.detach().cpu()))
        features = torch.cat([_features(fine, BLOCK_SIZE), _features(_half(fine), BLOCK_SIZE // 2)], 2)  # (N, B, 36)
        numbers = [self._distance(each) for each in features]
        return torch.stack(numbers).float()

    def _distance(self, features: Float64[Tensor, "blocks 36"]) -> Float64[Tensor, ""]:
        """Of one picture (equation 10)."""
        is_whole = features.isfinite().all(1)
        if is_whole.sum() < LEAST_BLOCKS:
            return features.new_tensor(torch.nan)
        difference = self.mean - features.nanmean(0)
        pooled = (self.covariance + features[is_whole].T.cov()) / 2
        return (difference @ torch.linalg.pinv(pooled, hermitian=True) @ difference).sqrt()


def _rounded_luma(pictures: Pictures) -> Grey:
    """Of the nearest 256 levels; passing through float32 as BasicSR does, which decides the ties in its way."""
    unit = ((pictures.float() + 1) * 127.5).round() / 255
    return (luma(2 * unit.double() - 1) / 255).float().mul(255).round().double()


def _whole_blocks(grey: Grey) -> Grey:
    height, width = grey.shape[-2:]
    rows, columns = height // BLOCK_SIZE, width // BLOCK_SIZE
    if rows * columns < LEAST_BLOCKS:
        raise UnmeasurablePictures(
            f"niqe needs two whole blocks of {BLOCK_SIZE} x {BLOCK_SIZE} px, found pictures of {width} x {height}: "
            f"leave it out, or measure crops of {2 * BLOCK_SIZE} px or more"
        )
    return grey[..., : rows * BLOCK_SIZE, : columns * BLOCK_SIZE]


def _features(grey: Grey, block_size: int) -> BlockFeatures:
    """18 numbers of each block: the shapes of its texture, and of the products of neighbours."""
    blocks = _blocks(_normalised(grey), block_size)
    shape, left, right = _asymmetric_fit(blocks)
    found = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        shape, left, right = _asymmetric_fit(blocks * blocks.roll(shift, (2, 3)))
        mean = (right - left) * (torch.lgamma(2 / shape) - torch.lgamma(1 / shape)).exp()
        found += [shape, mean, left, right]
    return torch.stack(found, 2)


def _normalised(grey: Grey) -> Grey:
    """Local mean 0 and deviation about 1 (equation 1); border pixels go on outside."""
    margin = len(WINDOW) // 2
    surrounded = F.pad(grey, (margin,) * 4, mode="replicate")
    # Rounded to float32 as in BasicSR: where a picture is smooth, this is as much as the deviation itself, and shows in
    # the second decimal of the published numbers.
    mean, square = (filtered(each, WINDOW).float() for each in (surrounded, surrounded.square()))
    deviation = (square - mean.square()).abs().sqrt()
    return (grey.float() - mean) / (deviation + 1)


def _blocks(grey: Grey, size: int) -> Blocks:
    rows, columns = grey.shape[-2] // size, grey.shape[-1] // size
    split = grey.reshape(len(grey), rows, size, columns, size).transpose(2, 3)
    return split.reshape(len(grey), rows * columns, size, size)


def _asymmetric_fit(
    blocks: Blocks,
) -> tuple[Float64[Tensor, "n blocks"], Float64[Tensor, "n blocks"], Float64[Tensor, "n blocks"]]:
    """Shape, left and right width of the asymmetric generalised Gaussian that fits the values (equations 4 to 8)."""
    squares = blocks.square()
    is_left, is_right = (blocks < 0).to(blocks), (blocks > 0).to(blocks)
    left, right = (
        ((squares * side).sum((2, 3)) / side.sum((2, 3))).sqrt() for side in (is_left, is_right)
    )  # (N, B); nan where a side is empty
    ratio = left / right
    flatness = blocks.abs().mean((2, 3)).square() / squares.mean((2, 3))
    flatness = flatness * (ratio**3 + 1) * (ratio + 1) / (ratio.square() + 1).square()
    shape = _shape_of(flatness.double())
    width = ((torch.lgamma(1 / shape) - torch.lgamma(3 / shape)) / 2).exp()
    return shape, left * width, right * width


FLATNESS = (2 * torch.lgamma(2 / SHAPES) - torch.lgamma(1 / SHAPES) - torch.lgamma(3 / SHAPES)).exp()
"""Squared mean size over mean square, of each of the shapes; it rises with them."""


def _shape_of(flatness: Float64[Tensor, "n blocks"]) -> Float64[Tensor, "n blocks"]:
    """The shape whose flatness is nearest; nan stays nan."""
    upper = torch.searchsorted(FLATNESS, flatness.nan_to_num()).clamp(1, len(FLATNESS) - 1)
    is_lower = (flatness - FLATNESS[upper - 1]) <= (FLATNESS[upper] - flatness)
    shape = SHAPES[upper - is_lower.long()]
    return torch.where(flatness.isnan(), flatness, shape)


def _cubic(distance: float) -> float:
    """Keys' kernel, as MATLAB resizes by."""
    if distance <= 1:
        return 1.5 * distance**3 - 2.5 * distance**2 + 1
    return -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2


HALVING = tuple(_cubic(abs(tap - 3.5) / 2) / 2 for tap in range(8))
"""Eight pixels around the middle of two: the kernel twice as wide, so that nothing finer is left."""


def _half(grey: Grey) -> Grey:
    """At half the size, as MATLAB's `imresize` does it: the picture is mirrored at its border."""
    margin = len(HALVING) // 2 - 1
    return filtered(_mirrored(grey, margin), HALVING, stride=2)


def _mirrored(grey: Grey, margin: int) -> Grey:
    """With the border pixels twice, which torch's own reflection leaves single."""
    height, width = grey.shape[-2:]
    rows, columns = (
        torch.cat([torch.arange(margin).flip(0), torch.arange(side), torch.arange(side - margin, side).flip(0)])
        for side in (height, width)
    )
    return grey[..., rows[:, None], columns]
