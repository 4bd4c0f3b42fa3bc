"""In what light a face was taken. A restorer that has seen faces in daylight and studios alone makes others ordinary.

Nobody has published ranges for this: ours were chosen by eye, beside faces on stages, at parties and at candles.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.degradation.draws import Draws, Range, Ranges, Record, Values, require_within
from retrato.shapes import Pictures


@dataclass(frozen=True)
class LightRanges(Ranges):
    """What light may fall on faces; by default on none."""

    share: float = 0.0
    """How many faces are lit anew, their targets too."""
    factor: Range = (0.3, 1.0)
    """What each colour keeps of its levels, at either end of a line across the face."""

    def __post_init__(self) -> None:
        """Refuse what nothing can be drawn from, and light that would not fit into a picture."""
        super().__post_init__()
        require_within("factor", self.factor, 0, 1)


@dataclass(frozen=True)
class LightRecord(Record):
    """What light falls on each picture."""

    factor: Float[Tensor, "n 2 3"]
    """What red, green and blue keep at the two ends of the line; 1 changes nothing."""
    angle: Values
    """Of the line from end to end, in radians."""


def draw_light(draws: Draws, ranges: LightRanges) -> LightRecord:
    """Draw what light falls on each picture."""
    is_lit = draws.happens(ranges.share)
    factor = draws.uniform(ranges.factor, 6).unflatten(1, (2, 3))
    angle = draws.uniform((-math.pi, math.pi))
    return LightRecord(torch.where(is_lit[:, None, None], factor, 1.0), angle)


def lit(pictures: Pictures, record: LightRecord) -> Pictures:
    """In the light of the record, which changes evenly along a line through the whole picture."""
    if (record.factor == 1).all():
        return pictures
    height, width = pictures.shape[2:]
    y, x = (torch.linspace(-1, 1, size, device=pictures.device) for size in (height, width))
    along = y[:, None] * record.angle.sin()[:, None, None] + x * record.angle.cos()[:, None, None]  # (N, H, W)
    place = ((along / math.sqrt(2) + 1) / 2)[:, None]
    start, end = record.factor[:, :, :, None, None].unbind(1)
    return (pictures + 1) * start.lerp(end, place) - 1
