"""How a picture goes bad: the ranges, and one draw from them for each picture."""

import math
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from retrato.degradation.colour import ColourRanges, ColourRecord, draw_colour
from retrato.degradation.draws import Draws, Range, Ranges, Record, Values, require_share, require_within
from retrato.degradation.light import LightRanges, LightRecord, draw_light
from retrato.degradation.old_photo import OldPhotoRanges, OldPhotoRecord, draw_old_photo

REFERENCE_SIZE = 512
"""Width in pixels of the face of which lengths are said."""


@dataclass(frozen=True)
class DegradationRanges(Ranges):
    """What may happen to a picture; the defaults are those of GFP-GAN's published training config.

    Lengths are in pixels of a face of 512 px; at other sizes they shrink along.
    """

    blur_sigma: Range = (0.1, 10.0)
    """Spread of the blur."""
    isotropic_share: float = 0.5
    """How many blurs are round; the others are long, in any direction."""
    shrink: Range = (0.8, 8.0)
    """How many times smaller than 512 px the face gets before it is enlarged again."""
    noise_sigma: Range = (0.0, 20.0)
    """Spread of the Gaussian noise, in levels of 255."""
    jpeg_quality: Range = (60.0, 100.0)
    """As libjpeg counts it."""
    grey_share: float = 0.01
    """How many pictures are grey."""
    grey_target: bool = True
    """Whether the target of a grey picture is grey too: what has no colour is to be restored without."""
    untouched_share: float = 0.0
    """How many pictures stay as they are, so that a restorer learns to leave good ones alone."""
    mildness: float = 0.0
    """How many pictures are drawn from the milder quarter of every range."""
    colour: ColourRanges = field(default_factory=ColourRanges)
    """How colours go wrong."""
    haze_share: float = 0.0
    """How many lie in haze (Wang et al., 2023, RestoreFormer++)."""
    haze: Range = (0.75, 0.95)
    """What is left of a picture in haze; the rest is white."""
    uneven_share: float = 0.0
    """How many are degraded in another way within a square (RestoreFormer++)."""
    uneven_side: Range = (128.0, 256.0)
    """Of that square."""
    shift_share: float = 0.0
    """How many faces are out of their place, the target's too (RestoreFormer++)."""
    shift: float = 32.0
    """At most so far in each direction."""
    old_photo: OldPhotoRanges = field(default_factory=OldPhotoRanges)
    """How photographs get old."""
    light: LightRanges = field(default_factory=LightRanges)
    """What light falls on the faces, in their targets too."""

    def __post_init__(self) -> None:
        """Refuse what nothing can be drawn from, and what cannot be done to a picture."""
        super().__post_init__()
        require_share("mildness", self.mildness)
        if min(self.blur_sigma) < 0 or min(self.noise_sigma) < 0 or min(self.shrink) <= 0:
            found = f"{self.blur_sigma}, {self.noise_sigma} and {self.shrink}"
            raise ValueError(f"blur_sigma and noise_sigma must be at least 0 and shrink above 0, found {found}")
        require_within("jpeg_quality", self.jpeg_quality, 1, 100)


@dataclass(frozen=True)
class CaptureRecord(Record):
    """What a camera, a scanner or a website does to each picture."""

    blur_sigma: Float[Tensor, "n 2"]
    """Spread along the two axes of the kernel, in pixels of a face of 512 px."""
    blur_angle: Values
    """Of the first axis, in radians."""
    haze: Values
    """What is left of the picture; 1 is none."""
    shrink: Values
    noise_sigma: Values
    """In levels of 255."""
    noise_seed: Int64[Tensor, " n"]
    jpeg_quality: Values


@dataclass(frozen=True)
class DegradationRecord(Record):
    """What happens to each picture of a batch; everything that chance decides, so that applying it is exact."""

    capture: CaptureRecord
    """Of the whole picture."""
    capture_inside: CaptureRecord
    """Of the square."""
    square: Float[Tensor, "n 3"]
    """Left, top and side, as parts of the picture's sides; a side of 0 is no square."""
    shift: Float[Tensor, "n 2"]
    """To the right and down, in pixels of a face of 512 px."""
    is_grey: Bool[Tensor, " n"]
    """The target too; where the target keeps its colours, the degraded picture loses them in `colour`."""
    is_untouched: Bool[Tensor, " n"]
    colour: ColourRecord
    old_photo: OldPhotoRecord
    light: LightRecord


def draw(rng: torch.Generator, count: int, ranges: DegradationRanges | None = None) -> DegradationRecord:
    """Draw what happens to `count` pictures; by default as published, without colours going wrong.

    The same state of `rng` gives the same record on every machine.
    """
    ranges = ranges or DegradationRanges()
    draws = Draws(rng, count)
    capture = _draw_capture(draws, ranges)
    is_grey, is_untouched = draws.happens(ranges.grey_share), draws.happens(ranges.untouched_share)
    old_photo = _only(~is_untouched, draw_old_photo(draws, ranges.old_photo))
    is_shifted = draws.happens(ranges.shift_share) & ~is_untouched
    return DegradationRecord(
        capture=_hazed(capture, draws, ranges),
        capture_inside=_hazed(_draw_capture(draws, ranges), draws, ranges),
        square=_draw_square(draws, ranges),
        shift=draws.uniform((-ranges.shift, ranges.shift), 2) * is_shifted[:, None],
        is_grey=is_grey & ranges.grey_target | old_photo.is_monochrome,
        is_untouched=is_untouched,
        colour=draw_colour(draws, ranges.colour, is_grey & (not ranges.grey_target)),
        old_photo=old_photo,
        light=draw_light(draws, ranges.light),
    )


def _draw_capture(draws: Draws, ranges: DegradationRanges) -> CaptureRecord:
    reach = torch.where(draws.happens(ranges.mildness), 0.25, 1.0)

    def within(mildest: float, worst: float) -> Values:
        return mildest + reach * draws.uniform((0.0, worst - mildest))

    sigma, other_sigma = within(*ranges.blur_sigma), within(*ranges.blur_sigma)
    other_sigma = torch.where(draws.happens(ranges.isotropic_share), sigma, other_sigma)
    worst_quality, best_quality = ranges.jpeg_quality
    return CaptureRecord(
        blur_sigma=torch.stack([sigma, other_sigma], 1),
        blur_angle=draws.uniform((-math.pi, math.pi)),
        haze=torch.ones(draws.count),
        shrink=within(*ranges.shrink),
        noise_sigma=within(*ranges.noise_sigma),
        noise_seed=draws.seeds(),
        jpeg_quality=within(best_quality, worst_quality).round(),
    )


def _hazed(capture: CaptureRecord, draws: Draws, ranges: DegradationRanges) -> CaptureRecord:
    return replace(capture, haze=torch.where(draws.happens(ranges.haze_share), draws.uniform(ranges.haze), 1.0))


def _draw_square(draws: Draws, ranges: DegradationRanges) -> Float[Tensor, "n 3"]:
    side = draws.strengths(ranges.uneven_share, ranges.uneven_side) / REFERENCE_SIZE
    corner = draws.uniform((0.0, 1.0), 2) * (1 - side[:, None])
    return torch.cat([corner, side[:, None]], 1)


def _only(chosen: Bool[Tensor, " n"], record: OldPhotoRecord) -> OldPhotoRecord:
    return replace(record, is_old=record.is_old & chosen, is_monochrome=record.is_monochrome & chosen)
