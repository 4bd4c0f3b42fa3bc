"""Colours going wrong, as in GFP-GAN's published training config (which makes its v1 colour grey photographs)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from retrato.degradation.draws import Draws, Range, Ranges, Record
from retrato.shapes import PerPicture, Pictures

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""


@dataclass(frozen=True)
class ColourRanges(Ranges):
    """How colours may change; the ranges are the published ones, the shares 0: no change."""

    shift_share: float = 0.0
    """How many pictures have each colour shifted; 0.3 as published."""
    shift: float = 20.0
    """Levels of 255 up or down."""
    jitter_share: float = 0.0
    """How many have brightness, contrast, saturation and hue changed, in any order; 0.3 as published."""
    brightness: Range = (0.5, 1.5)
    contrast: Range = (0.5, 1.5)
    saturation: Range = (0.0, 1.5)
    hue: Range = (-0.1, 0.1)
    """In turns of the colour wheel."""


@dataclass(frozen=True)
class ColourRecord(Record):
    """What happens to the colours of each picture."""

    shift: Float[Tensor, "n 3"]
    """Added to each colour, in [-1, 1]."""
    is_grey: Bool[Tensor, " n"]
    """After the shift."""
    brightness: Float[Tensor, " n"]
    """Factor; 1 changes nothing."""
    contrast: Float[Tensor, " n"]
    saturation: Float[Tensor, " n"]
    hue: Float[Tensor, " n"]
    """In turns of the colour wheel; 0 changes nothing."""
    order: Int64[Tensor, "n 4"]
    """In which brightness (0), contrast (1), saturation (2) and hue (3) are changed."""

    @property
    def is_plain(self) -> bool:
        """Whether nothing happens to any picture."""
        factors = torch.stack([self.brightness, self.contrast, self.saturation])
        return not bool(self.shift.any() or self.is_grey.any() or (factors != 1).any() or self.hue.any())


def draw_colour(draws: Draws, ranges: ColourRanges, is_grey: Bool[Tensor, " n"]) -> ColourRecord:
    """Draw what happens to the colours of each picture; which ones lose them was drawn before."""
    is_shifted, is_jittered = draws.happens(ranges.shift_share), draws.happens(ranges.jitter_share)
    shift = draws.uniform((-ranges.shift, ranges.shift), 3) / 127.5

    def jitter(ends: Range, nothing: float) -> PerPicture:
        return torch.where(is_jittered, draws.uniform(ends), torch.full((draws.count,), nothing))

    return ColourRecord(
        shift=shift * is_shifted[:, None],
        is_grey=is_grey,
        brightness=jitter(ranges.brightness, 1.0),
        contrast=jitter(ranges.contrast, 1.0),
        saturation=jitter(ranges.saturation, 1.0),
        hue=jitter(ranges.hue, 0.0),
        order=draws.uniform((0.0, 1.0), 4).argsort(1),
    )


def change_colours(pictures: Pictures, record: ColourRecord) -> Pictures:
    """Shift the colours, take them off, then brightness, contrast, saturation and hue in the record's order.

    Each as torchvision's `adjust_*` define it; nothing is computed where nothing happens.
    """
    if record.is_plain:
        return pictures
    levels = ((pictures + record.shift[:, :, None, None] + 1) / 2).clamp(0, 1)
    levels = grey_where(record.is_grey, levels)
    for turn in record.order.unbind(1):
        changed = [
            _blended(levels, torch.zeros_like(levels), record.brightness),
            _blended(levels, grey(levels).mean((1, 2, 3), keepdim=True), record.contrast),
            _blended(levels, grey(levels), record.saturation),
            _turned(levels, record.hue),
        ]
        for kind, other in enumerate(changed):
            levels = torch.where((turn == kind)[:, None, None, None], other, levels)
    return levels * 2 - 1


def grey(pictures: Pictures) -> Pictures:
    """Luma in all three channels (ITU-R BT.601)."""
    luma = torch.einsum("c,nchw->nhw", pictures.new_tensor(GREY_WEIGHTS), pictures)
    return luma[:, None].expand_as(pictures)


def grey_where(is_grey: Bool[Tensor, " n"], pictures: Pictures) -> Pictures:
    """Some of the pictures without colours."""
    return torch.where(is_grey[:, None, None, None], grey(pictures), pictures)


def _blended(levels: Pictures, other: Tensor, factor: PerPicture) -> Pictures:
    factor = factor[:, None, None, None]
    return (factor * levels + (1 - factor) * other).clamp(0, 1)


def _turned(levels: Pictures, turns: PerPicture) -> Pictures:
    """The hue moved along the colour wheel; value and chroma stay."""
    value, chroma = levels.amax(1), levels.amax(1) - levels.amin(1)
    red, green, blue = levels.unbind(1)
    safe = torch.where(chroma == 0, torch.ones_like(chroma), chroma)
    sixth = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    sixth = (sixth + 6 * turns[:, None, None]) % 6
    channels = [
        value - chroma * torch.minimum(angle, 4 - angle).clamp(0, 1)
        for angle in ((sixth + offset) % 6 for offset in (5, 3, 1))
    ]
    return torch.stack(channels, 1)
