"""Adaptive augmentation (Karras et al., 2020, Training generative adversarial networks with limited data).

The discriminator sees real and drawn pictures only after the same kinds of change, so that it cannot learn few faces by
heart; the generator learns through the changes, and does not copy them as long as most pictures escape each. Here are
the paper's pixel blitting, geometric and colour changes (appendix B), of which it finds the others to help little.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from retrato.degradation.draws import Draws, Record, Values
from retrato.shapes import Faces

LARGEST_SHIFT = 0.125
"""Of a shift by whole pixels, in widths of the picture."""
SHIFT_DEVIATION = 0.125
"""Of a shift by any part of a pixel, in widths."""
SCALE_DEVIATION = 0.2
"""In octaves: 1 is twice or half as large."""
BRIGHTNESS_DEVIATION = 0.2
"""Of 2, from black to white."""
CONTRAST_DEVIATION = 0.5
"""In octaves."""
SATURATION_DEVIATION = 1.0
"""In octaves."""

ROLL_OFF = 0.5
"""How gently the low-pass falls: from half the picture's finest detail to one and a half times that."""
REACH = 6
"""Half the width of the low-pass, in pixels; enlarging and shrinking again then changes a picture by at most 0.3 %."""

ADAPT_EVERY = 4
"""Iterations between two adaptions, as published."""

Transforms = Float[Tensor, "n 3 3"]
"""Of (x, y, 1), from the picture's centre, in widths of the picture."""
ColourTransforms = Float[Tensor, "n 4 4"]
"""Of (red, green, blue, 1), in [-1, 1]."""


@dataclass(frozen=True)
class AugmentationRecord(Record):
    """What happens to each picture of a batch; places lead from the augmented picture to the original one."""

    turn: Transforms
    """Mirroring and quarter turns."""
    shift: Float[Tensor, "n 2"]
    """In widths of the picture; rounded to whole pixels when it is applied."""
    warp: Transforms
    """Scaling, rotation, stretching, and shifting by parts of a pixel."""
    colours: ColourTransforms
    """From original colours to augmented ones."""


def draw_augmentation(rng: torch.Generator, count: int, probability: float) -> AugmentationRecord:
    """Draw what happens to `count` pictures; each kind of change happens to each picture with that probability.

    The same state of `rng` gives the same record on every machine.
    """
    draws = Draws(rng, count)
    return AugmentationRecord(
        turn=_draw_turn(draws, probability),
        shift=draws.uniform((-LARGEST_SHIFT, LARGEST_SHIFT), 2) * draws.happens(probability)[:, None],
        warp=_draw_warp(draws, probability),
        colours=_draw_colours(draws, probability),
    )


def augment(pictures: Faces, record: AugmentationRecord) -> Faces:
    """Square pictures changed as the record says; what no change happens to stays bit for bit.

    Gradients of any order go back to `pictures`.
    """
    size = pictures.shape[-1]
    whole_shift = _shift((record.shift * size).round() / size)
    with torch.autocast(pictures.device.type, enabled=False):
        to_original = record.turn @ whole_shift @ record.warp
        moved = _differs(to_original)
        if moved.any():
            pictures = pictures.index_put((moved,), _moved(pictures[moved], to_original[moved]))
        coloured = _differs(record.colours)
        if coloured.any():
            pictures = pictures.index_put((coloured,), _coloured(pictures[coloured], record.colours[coloured]))
    return pictures


def adapted(
    probability: float, real_sign: float, pictures: int, target: float = 0.6, ramp_pictures: int = 500_000
) -> float:
    """The probability from now on: more where the discriminator knows the real pictures too well (section 3.1).

    Args:
        probability: until now.
        real_sign: the mean sign of its logits for real pictures since the last adaption (r_t): 1 where it is sure of
            every one, 0 where it can only guess.
        pictures: real ones seen since.
        target: which mean sign to hold.
        ramp_pictures: after how many pictures the probability can have gone from 0 to 1.
    """
    direction = (real_sign > target) - (real_sign < target)
    return min(1.0, max(0.0, probability + direction * pictures / ramp_pictures))


def _draw_turn(draws: Draws, probability: float) -> Transforms:
    mirrored = draws.happens(probability) & draws.happens(0.5)
    quarters = draws.uniform((0.0, 4.0)).floor() * draws.happens(probability)
    ones = torch.ones(draws.count)
    angle = quarters * (math.pi / 2)
    return _scaling(torch.where(mirrored, -ones, ones), ones) @ _rotation(angle.cos().round(), angle.sin().round())


def _draw_warp(draws: Draws, probability: float) -> Transforms:
    """Two rotations, each so seldom that a picture is rotated at all with that probability."""
    seldom = 1 - math.sqrt(1 - probability)
    scale = _octaves(draws, probability, SCALE_DEVIATION)
    first, last = (draws.strengths(seldom, (-math.pi, math.pi)) for _ in range(2))
    stretch = _octaves(draws, probability, SCALE_DEVIATION)
    shift = torch.stack([_normal(draws), _normal(draws)], 1) * SHIFT_DEVIATION * draws.happens(probability)[:, None]
    return (
        _scaling(scale, scale)
        @ _rotation(first.cos(), first.sin())
        @ _scaling(stretch, 1 / stretch)
        @ _rotation(last.cos(), last.sin())
        @ _shift(shift)
    )


def _draw_colours(draws: Draws, probability: float) -> ColourTransforms:
    """Brightness first, then contrast, luma flip, hue and saturation."""
    brightness = _normal(draws) * BRIGHTNESS_DEVIATION * draws.happens(probability)
    contrast = _octaves(draws, probability, CONTRAST_DEVIATION)
    flipped = (draws.happens(probability) & draws.happens(0.5)).float()[:, None, None]
    hue = draws.strengths(probability, (-math.pi, math.pi))[:, None, None]
    saturation = _octaves(draws, probability, SATURATION_DEVIATION)[:, None, None]
    unit, grey = torch.eye(3), torch.full((3, 3), 1 / 3)  # grey: projection onto the axis from black to white
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)  # cross product with that axis
    turned = hue.cos() * unit + hue.sin() * across + (1 - hue.cos()) * grey  # Rodrigues' formula
    saturated = saturation * unit + (1 - saturation) * grey
    linear = saturated @ turned @ (unit - 2 * flipped * grey) * contrast[:, None, None]
    offset = linear @ brightness[:, None, None].expand(-1, 3, 1)
    last_row = torch.tensor([0.0, 0, 0, 1]).expand(draws.count, 1, 4)
    return torch.cat([torch.cat([linear, offset], 2), last_row], 1)


def _normal(draws: Draws) -> Values:
    return torch.randn(draws.count, generator=draws.rng)


def _octaves(draws: Draws, probability: float, deviation: float) -> Values:
    """A factor around 1, its logarithm normal."""
    return 2 ** (_normal(draws) * deviation * draws.happens(probability))


def _scaling(x: Values, y: Values) -> Transforms:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def _rotation(cosine: Values, sine: Values) -> Transforms:
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    rows = [[cosine, -sine, zero], [sine, cosine, zero], [zero, zero, one]]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def _shift(by: Float[Tensor, "n 2"]) -> Transforms:
    unit = torch.eye(3, device=by.device).repeat(len(by), 1, 1)
    return torch.cat([unit[:, :, :2], F.pad(by, (0, 1), value=1.0)[:, :, None]], 2)


def _differs(transforms: Float[Tensor, "n d d"]) -> Bool[Tensor, " n"]:
    """Which transforms change anything."""
    return (transforms != torch.eye(transforms.shape[-1], device=transforms.device)).flatten(1).any(1)


def _coloured(pictures: Faces, colours: ColourTransforms) -> Faces:
    flat = colours[:, :3, :3].to(pictures.dtype) @ pictures.flatten(2) + colours[:, :3, 3:].to(pictures.dtype)
    return flat.unflatten(2, pictures.shape[2:])


def _moved(pictures: Faces, to_original: Transforms) -> Faces:
    """Enlarged twice, sampled where the transform says, and shrunk, so that no detail turns into a false, coarser one.

    Beyond its border a picture goes on mirrored.
    """
    size = pictures.shape[-1]
    enlarge, shrink = _enlarging(size).to(pictures), _shrinking(size).to(pictures)
    sampled_size = shrink.shape[1]
    # torch's coordinates go from -1 to 1, over the input and over the output, which has a margin for the low-pass.
    units = torch.tensor([sampled_size / (2 * size), sampled_size / (2 * size), 2.0]).to(pictures)
    affine = to_original[:, :2].to(pictures) * units
    grid = F.affine_grid(affine, [len(pictures), 3, sampled_size, sampled_size], align_corners=False)
    fine = enlarge @ pictures @ enlarge.mT
    sampled: Tensor = _Sampling.apply(fine, grid)
    return shrink @ sampled @ shrink.mT


class _Sampling(torch.autograd.Function):
    """Bilinear sampling, mirrored at the border, that is differentiated by the picture alone, as often as one likes.

    torch's own gradient of `grid_sample` has no gradient before torch 2.13, which R1 takes.
    """

    @staticmethod
    def forward(ctx: Any, pictures: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size = pictures.shape
        return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Spreading.apply(gradients[0], grid, ctx.size), None


class _Spreading(torch.autograd.Function):
    """The transpose of `_Sampling`: each value goes back to the pixels that it came from."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor, size: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        pictures = gradient.new_zeros(()).expand(size)  # their values do not matter
        bilinear, mirrored = 0, 2
        spread: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            gradient, pictures, grid, bilinear, mirrored, False, [True, False]
        )[0]
        return spread

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Sampling.apply(gradients[0], grid), None, None


def _enlarging(size: int) -> Float[Tensor, "fine size"]:
    """The matrix that makes a side twice as long, mirrored at its ends."""
    places = torch.arange(2 * size) / 2 - 0.25
    weights = _low_pass(places[:, None] - torch.arange(-REACH, size + REACH))
    inside = weights[:, REACH:-REACH].clone()
    inside[:, :REACH] += weights[:, :REACH].flip(1)
    inside[:, -REACH:] += weights[:, -REACH:].flip(1)
    return inside / inside.sum(1, keepdim=True)


def _shrinking(size: int) -> Float[Tensor, "size fine_with_margin"]:
    """The matrix that makes a side half as long; it takes `REACH` pixels more at both ends."""
    places = torch.arange(2 * (size + 2 * REACH)) / 2 - 0.25 - REACH
    weights = _low_pass(places - torch.arange(size)[:, None])
    return weights / weights.sum(1, keepdim=True)


def _low_pass(distance: Tensor) -> Tensor:
    """The root-raised-cosine filter, which undoes itself: enlarging with it and shrinking with it changes nothing.

    The paper takes the wavelet sym6 for the same reason, but this filter is symmetric.

    Args:
        distance: in pixels, odd multiples of a quarter (elsewhere its formula divides by zero).
    """
    angle = math.pi * distance
    rolled = 4 * ROLL_OFF * distance
    wave = torch.sin(angle * (1 - ROLL_OFF)) + rolled * torch.cos(angle * (1 + ROLL_OFF))
    return torch.where(distance.abs() < REACH, wave / (angle * (1 - rolled.square())), torch.zeros_like(wave))
