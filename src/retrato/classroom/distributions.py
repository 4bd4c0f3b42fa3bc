"""Distributions that can be seen: points on a line or in a plane, which the forger learns to draw."""

import math
from enum import StrEnum
from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor

Points = Float[Tensor, "n dimensions"]

RING_MODES = 8
RING_RADIUS = 2.0
RING_SPREAD = 0.05
"""Standard deviation around each mode; the ring is that of Metz et al. (2017), its heaps a little wider, to be seen."""
GRID_SIDE = 5
GRID_SPREAD = 0.05
"""Of 25 modes from -2 to 2 (Dumoulin et al., 2017; Srivastava et al., 2017)."""
MOON_SPREAD = 0.08
BUMPS = ((-1.5, 0.5), (1.0, 0.3))
"""Mean and standard deviation of each; on a line."""
MODE_REACH = 4.0
"""A point within so many standard deviations of a mode belongs to it."""


class Distribution(StrEnum):
    """What the forger learns to draw."""

    RING = "ring"
    """Eight narrow heaps on a circle."""
    GRID = "grid"
    """Twenty-five narrow heaps."""
    MOONS = "moons"
    """Two half circles that reach into each other."""
    BUMPS = "bumps"
    """Two wide heaps on a line."""

    @property
    def dimensions(self) -> int:
        """1 for a line, 2 for a plane."""
        return 1 if self is Distribution.BUMPS else 2

    @property
    def modes(self) -> Points | None:
        """The middle of each narrow heap, if it is made of such."""
        match self:
            case Distribution.RING:
                angles = torch.arange(RING_MODES) * (2 * math.pi / RING_MODES)
                return RING_RADIUS * torch.stack([angles.cos(), angles.sin()], 1)
            case Distribution.GRID:
                ticks = torch.linspace(-2, 2, GRID_SIDE)
                return torch.cartesian_prod(ticks, ticks)
            case Distribution.MOONS | Distribution.BUMPS:
                return None
            case _:
                assert_never(self)

    @property
    def spread(self) -> float:
        """Standard deviation around each mode, or across a moon."""
        return {Distribution.RING: RING_SPREAD, Distribution.GRID: GRID_SPREAD}.get(self, MOON_SPREAD)

    def draw(self, rng: torch.Generator, count: int) -> Points:
        """Real points."""
        match self:
            case Distribution.RING | Distribution.GRID:
                modes = self.modes
                assert modes is not None
                middles = modes[torch.randint(len(modes), (count,), generator=rng)]
            case Distribution.MOONS:
                middles = _on_moons(rng, count)
            case Distribution.BUMPS:
                means, spreads = torch.tensor(BUMPS)[torch.randint(len(BUMPS), (count,), generator=rng)].unbind(1)
                return (means + spreads * torch.randn(count, generator=rng))[:, None]
            case _:
                assert_never(self)
        return middles + self.spread * torch.randn(count, 2, generator=rng)


def covered_modes(distribution: Distribution, points: Points) -> int:
    """How many modes have at least a quarter of their fair share of the points.

    Raises:
        ValueError: the distribution is not made of modes.
    """
    modes = distribution.modes
    if modes is None:
        raise ValueError(f"{distribution} is not made of narrow heaps, so none can be missing: take ring or grid")
    is_near = torch.cdist(points, modes) < MODE_REACH * distribution.spread  # (N, modes)
    return int((is_near.float().mean(0) > 1 / (4 * len(modes))).sum())


def _on_moons(rng: torch.Generator, count: int) -> Points:
    angle = math.pi * torch.rand(count, generator=rng)
    is_upper = torch.rand(count, generator=rng) < 0.5
    upper = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    return 1.5 * torch.where(is_upper[:, None], upper, -upper)
