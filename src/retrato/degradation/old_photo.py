"""What time and printing do to photographs: tone, halftone, grain, paper, stains, dust and scratches.

Lengths are in pixels of a face of 512 px. Nobody has published ranges for these: ours were chosen by eye, beside
photographs from 1850 to 1950.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from retrato.degradation.draws import Draws, Range, Ranges, Record, Values
from retrato.degradation.noise import smooth_noise
from retrato.shapes import Pictures

SCRATCHES = 5
"""At most, in one picture."""
SEPIA_LIGHT, SEPIA_DARK = (1.0, 0.9, 0.7), (1.0, 0.75, 0.5)
"""What the strongest sepia leaves of white and of black's paleness, in each colour."""
LEAST_PERIOD = 2.2
"""Pixels from dot to dot; a finer screen would alias."""


@dataclass(frozen=True)
class OldPhotoRanges(Ranges):
    """What may happen to an old photo; shares are of the old ones among all."""

    share: float = 0.0
    """How many pictures are old photos."""
    monochrome_share: float = 0.85
    """How many have no colours; the others have faded ones."""
    sepia: Range = (0.0, 1.0)
    """From neutral grey to brown."""
    darkest: Range = (0.0, 0.25)
    """How pale black has become, 0 to 1."""
    lightest: Range = (0.75, 1.0)
    """How dim white has become, 0 to 1."""
    gamma: Range = (0.7, 1.4)
    """Above 1 the mid-tones are darker."""
    grain_share: float = 0.7
    grain: Range = (1.5, 18.0)
    """Spread in levels of 255."""
    grain_size: Range = (0.5, 2.5)
    """Spread of a grain."""
    halftone_share: float = 0.3
    halftone: Range = (0.2, 0.9)
    """From a faint screen to nothing but dots."""
    halftone_period: Range = (4.0, 9.0)
    """From dot to dot."""
    paper_share: float = 0.5
    paper: Range = (0.01, 0.05)
    """Spread of the texture, as a part of the brightness."""
    paper_size: Range = (0.8, 3.5)
    """Spread of its fibres."""
    stains_share: float = 0.4
    stains: Range = (0.02, 0.12)
    """Spread of uneven fading, as a part of the brightness."""
    stain_size: Range = (30.0, 120.0)
    dust_share: float = 0.4
    dust_rarity: Range = (2.9, 3.8)
    """How many deviations a speck is out of the ordinary; the more, the fewer specks."""
    dust_size: Range = (0.8, 2.5)
    scratches_share: float = 0.4
    scratch_width: Range = (0.5, 2.5)


@dataclass(frozen=True)
class OldPhotoRecord(Record):
    """What happened to each photo; nothing where it `is_old` is false."""

    is_old: Bool[Tensor, " n"]
    is_monochrome: Bool[Tensor, " n"]
    dark: Float[Tensor, "n 3"]
    """What has become of black, 0 to 1."""
    light: Float[Tensor, "n 3"]
    """What has become of white, 0 to 1."""
    gamma: Values
    grain: Values
    grain_size: Values
    halftone: Values
    halftone_period: Values
    halftone_angle: Values
    """In radians."""
    paper: Values
    paper_size: Values
    stains: Values
    stain_size: Values
    dust_rarity: Values
    """Infinite where there is no dust."""
    dust_size: Values
    scratches: Float[Tensor, "n k 6"]
    """x and y of both ends, as parts of the picture's width and height; half the width; brightness, -1 to 1."""
    seed: Int64[Tensor, " n"]


def draw_old_photo(draws: Draws, ranges: OldPhotoRanges) -> OldPhotoRecord:
    """Draw what happened to each photo."""
    is_old = draws.happens(ranges.share)
    sepia = draws.uniform(ranges.sepia)[:, None]
    dim, pale = draws.uniform(ranges.lightest)[:, None], draws.uniform(ranges.darkest)[:, None]
    has_dust = draws.happens(ranges.dust_share)
    rarity = draws.uniform(ranges.dust_rarity)
    return OldPhotoRecord(
        is_old=is_old,
        is_monochrome=draws.happens(ranges.monochrome_share) & is_old,
        light=dim * (1 - sepia * (1 - torch.tensor(SEPIA_LIGHT))),
        dark=pale * (1 - sepia * (1 - torch.tensor(SEPIA_DARK))),
        gamma=draws.uniform(ranges.gamma),
        grain=draws.strengths(ranges.grain_share, ranges.grain),
        grain_size=draws.uniform(ranges.grain_size),
        halftone=draws.strengths(ranges.halftone_share, ranges.halftone),
        halftone_period=draws.uniform(ranges.halftone_period),
        halftone_angle=draws.uniform((0.0, math.pi / 2)),
        paper=draws.strengths(ranges.paper_share, ranges.paper),
        paper_size=draws.uniform(ranges.paper_size),
        stains=draws.strengths(ranges.stains_share, ranges.stains),
        stain_size=draws.uniform(ranges.stain_size),
        dust_rarity=torch.where(has_dust, rarity, torch.full_like(rarity, math.inf)),
        dust_size=draws.uniform(ranges.dust_size),
        scratches=_draw_scratches(draws, ranges),
        seed=draws.seeds(),
    )


def _draw_scratches(draws: Draws, ranges: OldPhotoRanges) -> Float[Tensor, "n k 6"]:
    """From any place in any direction; about half of `SCRATCHES` where there are any, light and dark ones."""
    start = torch.stack([draws.uniform((-0.1, 1.1), SCRATCHES) for _ in range(2)], 2)
    length, angle = draws.uniform((0.1, 1.2), SCRATCHES), draws.uniform((-math.pi, math.pi), SCRATCHES)
    end = start + length[..., None] * torch.stack([angle.cos(), angle.sin()], 2)
    half_width = draws.uniform(ranges.scratch_width, SCRATCHES) / 2
    brightness = draws.uniform((0.3, 1.0), SCRATCHES) * draws.uniform((-0.5, 1.0), SCRATCHES).sign()  # more light ones
    is_there = (draws.uniform((0.0, 1.0), SCRATCHES) < 0.5) & draws.happens(ranges.scratches_share)[:, None]
    return torch.cat([start, end, half_width[..., None], (brightness * is_there)[..., None]], 2)


def tone(pictures: Pictures, record: OldPhotoRecord) -> Pictures:
    """Faded and tinted as the record says; the others as they are.

    A print's tone belongs to its target too: a face restored without it would stand out in its photo.
    """
    old = record.is_old.nonzero()[:, 0]
    if not len(old):
        return pictures
    toned = pictures.clone()
    toned[old] = _toned(pictures[old], record[old])
    return toned


def age(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Printed, faded and worn as the record says; the others as they are.

    Args:
        pictures: without tone.
        record: what happens.
        scale: of the record's lengths: 1 for faces of 512 px.
    """
    old = record.is_old.nonzero()[:, 0]
    if not len(old):
        return pictures
    record = record[old]
    print_ = _toned(_halftoned(pictures[old], record, scale), record)
    aged = pictures.clone()
    aged[old] = _scratched(
        _dusty(_textured(_grainy(print_, record, scale), record, scale), record, scale), record, scale
    )
    return aged


def _toned(pictures: Pictures, record: OldPhotoRecord) -> Pictures:
    levels = ((pictures + 1) / 2).clamp(0, 1) ** record.gamma[:, None, None, None]
    dark, light = record.dark[:, :, None, None], record.light[:, :, None, None]
    return (dark + (light - dark) * levels) * 2 - 1


def _halftoned(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Dots that are the larger the darker; one screen for grey pictures, one turned by 30 degrees for each colour."""
    if not record.halftone.any():
        return pictures
    y, x = _positions(pictures)
    turn = torch.arange(3, device=x.device) * (~record.is_monochrome)[:, None] * (math.pi / 6)
    angle = (record.halftone_angle[:, None] + turn)[..., None, None]  # (N, 3, 1, 1)
    frequency = 2 * math.pi / (record.halftone_period * scale).clamp(min=LEAST_PERIOD)[:, None, None, None]
    along = (x * angle.cos() + y * angle.sin()) * frequency
    across = (y * angle.cos() - x * angle.sin()) * frequency
    screen = (along.cos() + across.cos()) / 2
    dots = torch.tanh(3 * (pictures + screen))
    return pictures.lerp(dots, record.halftone[:, None, None, None])


def _grainy(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Film grain, strongest in the mid-tones."""
    noise = smooth_noise(record.seed, record.grain_size * scale, *pictures.shape[2:])
    strength = (1 - 0.7 * pictures.square()) * (record.grain / 127.5)[:, None, None, None]
    return pictures + strength * noise


def _textured(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Paper fibres and stains, which take a part of the light."""
    height, width = pictures.shape[2:]
    fibres = smooth_noise(record.seed + 1, record.paper_size * scale, height, width)
    stains = smooth_noise(record.seed + 2, record.stain_size * scale, height, width)
    paper, spots = record.paper[:, None, None, None], record.stains[:, None, None, None]
    return (pictures + 1) * (1 + paper * fibres + spots * stains) - 1


def _dusty(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Light specks where noise is out of the ordinary upwards, dark ones where it is downwards."""
    if record.dust_rarity.isinf().all():
        return pictures
    noise = smooth_noise(record.seed + 3, record.dust_size * scale, *pictures.shape[2:])
    rarity = record.dust_rarity[:, None, None, None]
    light, dark = torch.sigmoid(8 * (noise - rarity)), torch.sigmoid(8 * (-noise - rarity - 0.3))
    return pictures + light * (1 - pictures) - dark * (1 + pictures)


def _scratched(pictures: Pictures, record: OldPhotoRecord, scale: float) -> Pictures:
    """Straight lines with soft edges."""
    y, x = _positions(pictures)
    size = pictures.new_tensor([pictures.shape[3], pictures.shape[2]])
    for scratch in record.scratches.unbind(1):
        start, end = scratch[:, :2] * size, scratch[:, 2:4] * size
        half_width, brightness = scratch[:, 4] * scale, scratch[:, 5]
        if not brightness.any():
            continue
        reach = end - start
        from_start = [position - start[:, axis, None, None] for axis, position in enumerate((x, y))]
        along = sum(each * reach[:, axis, None, None] for axis, each in enumerate(from_start))
        along = (along / reach.square().sum(1)[:, None, None]).clamp(0, 1)
        off = [each - along * reach[:, axis, None, None] for axis, each in enumerate(from_start)]
        distance = torch.hypot(*off)
        cover = (half_width[:, None, None] + 0.5 - distance).clamp(0, 1) * brightness.abs()[:, None, None]
        pictures = pictures.lerp(brightness.sign()[:, None, None, None].expand_as(pictures), cover[:, None])
    return pictures


def _positions(pictures: Pictures) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel."""
    height, width = pictures.shape[2:]
    rows = torch.arange(height, dtype=pictures.dtype, device=pictures.device)
    columns = torch.arange(width, dtype=pictures.dtype, device=pictures.device)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return y, x
