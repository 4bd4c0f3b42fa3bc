"""Faces seen in many ways, as an embedder learns from them: turned a little, degraded, and mixed with each other."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from retrato.degradation import DegradationRecord, Preset, degrade, draw
from retrato.degradation.draws import Draws, Record, Values
from retrato.images.tensors import from_levels, mirrored_where
from retrato.shapes import Faces

KINDS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY, Preset.OLD_PHOTO)


@dataclass(frozen=True)
class ViewRanges:
    """What may happen to a face before it is looked at."""

    light_share: float = 0.22
    """How many are degraded lightly."""
    paper_share: float = 0.22
    """As GFP-GAN's faces are."""
    heavy_share: float = 0.18
    """Heavily."""
    old_photo_share: float = 0.12
    """How many become old photos; those of no kind stay good."""
    moved_share: float = 0.5
    """How many are turned, enlarged and shifted a little, as if their landmarks had not been found well."""
    turn_degrees: float = 6.0
    """At most, to either side."""
    zoom: float = 1.08
    """At most so many times larger or smaller."""
    shift: float = 0.03
    """At most, in each direction, in widths of the face."""
    mixed_share: float = 0.25
    """How many are mixed with another face, pixel by pixel (Zhang et al., 2018, mixup)."""

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        shares = self.shares
        if min(*shares, self.moved_share, self.mixed_share) < 0 or max(sum(shares), self.moved_share) > 1:
            raise ValueError(f"shares must be from 0 to 1, and of degraded faces together at most 1, found {self}")
        if self.zoom < 1 or self.mixed_share > 1:
            raise ValueError(f"zoom must be at least 1 and mixed_share at most 1, found {self}")

    @property
    def shares(self) -> tuple[float, ...]:
        """Of each of `KINDS`."""
        return self.light_share, self.paper_share, self.heavy_share, self.old_photo_share


@dataclass(frozen=True)
class ViewRecord(Record):
    """What chance decides about how each face is seen once."""

    turn: Values
    """In radians, anticlockwise."""
    zoom: Values
    shift: Float[Tensor, "n 2"]
    """To the right and down, in widths of the face."""
    kind: Int64[Tensor, " n"]
    """Which of `KINDS`; as many as there are of them is none, a good face."""
    light: DegradationRecord
    paper: DegradationRecord
    heavy: DegradationRecord
    old_photo: DegradationRecord
    mix: Values
    """How much of the next face is in it."""

    @property
    def degradations(self) -> tuple[DegradationRecord, ...]:
        """Of each of `KINDS`."""
        return self.light, self.paper, self.heavy, self.old_photo


@dataclass(frozen=True)
class TwoViewsRecord(Record):
    """The same of two looks at each face."""

    is_mirrored: Bool[Tensor, " n"]
    """In both."""
    first: ViewRecord
    second: ViewRecord


def draw_two_views(rng: torch.Generator, count: int, ranges: ViewRanges) -> TwoViewsRecord:
    """For each of `count` faces."""
    draws = Draws(rng, count)
    return TwoViewsRecord(draws.happens(0.5), _draw_view(draws, ranges), _draw_view(draws, ranges))


def _draw_view(draws: Draws, ranges: ViewRanges) -> ViewRecord:
    is_moved = draws.happens(ranges.moved_share).float()
    most_turn, most_zoom = math.radians(ranges.turn_degrees), math.log(ranges.zoom)
    bounds = torch.tensor(ranges.shares).cumsum(0)
    kind = torch.searchsorted(bounds, draws.uniform((0.0, 1.0)), right=True)
    light, paper, heavy, old_photo = (draw(draws.rng, draws.count, each.ranges) for each in KINDS)
    return ViewRecord(
        turn=is_moved * draws.uniform((-most_turn, most_turn)),
        zoom=(is_moved * draws.uniform((-most_zoom, most_zoom))).exp(),
        shift=is_moved[:, None] * draws.uniform((-ranges.shift, ranges.shift), 2),
        kind=kind,
        light=light,
        paper=paper,
        heavy=heavy,
        old_photo=old_photo,
        mix=draws.strengths(ranges.mixed_share, (0.0, 1.0)),
    )


def two_views(
    pictures: UInt8[Tensor, "n 3 s s"], record: TwoViewsRecord, device: torch.device
) -> Float[Tensor, "2*n 3 s s"]:
    """The first look at each face, then the second, in [-1, 1]."""
    record = record.to(device)
    faces = mirrored_where(from_levels(pictures.to(device)), record.is_mirrored)
    views = torch.cat([_viewed(faces, record.first), _viewed(faces, record.second)])
    return views.contiguous(memory_format=torch.channels_last)


def _viewed(faces: Faces, record: ViewRecord) -> Faces:
    views = _moved(faces, record)
    for kind, degradation in enumerate(record.degradations):
        chosen = (record.kind == kind).nonzero()[:, 0]
        if len(chosen):
            views[chosen], _ = degrade(views[chosen], degradation[chosen])
    return torch.lerp(views, views.roll(-1, 0), record.mix[:, None, None, None])


def _moved(faces: Faces, record: ViewRecord) -> Faces:
    """Turned, enlarged and shifted as the record says, mirrored at the border; the others as they are."""
    moved = faces.clone()
    chosen = ((record.turn != 0) | (record.zoom != 1) | (record.shift != 0).any(1)).nonzero()[:, 0]
    if len(chosen):
        part = record[chosen]
        cosine, sine = part.turn.cos() / part.zoom, part.turn.sin() / part.zoom
        shift = -2 * part.shift  # the sampling grid is two wide, and goes where the picture comes from
        rows = torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)
        grid = F.affine_grid(torch.stack(rows, 1), list(moved[chosen].shape), align_corners=False)
        moved[chosen] = F.grid_sample(moved[chosen], grid, padding_mode="reflection", align_corners=False)
    return moved
