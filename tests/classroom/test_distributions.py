import math

import pytest
import torch

from retrato.classroom.distributions import BUMPS, Distribution, covered_modes


@pytest.mark.parametrize("distribution", Distribution)
def test_the_same_state_of_chance_gives_the_same_points(distribution):
    drawn = [distribution.draw(torch.Generator().manual_seed(3), 50) for _ in range(2)]
    assert torch.equal(*drawn)
    assert drawn[0].shape == (50, distribution.dimensions)


def test_the_ring_has_eight_heaps_at_its_radius(rng):
    points = Distribution.RING.draw(rng, 4000)
    assert points.norm(dim=1).mean() == pytest.approx(2, abs=0.02)
    eighths = torch.atan2(points[:, 1], points[:, 0]) / (math.pi / 4)
    assert (eighths - eighths.round()).abs().max() < 0.2
    assert (eighths.round().long() % 8).bincount(minlength=8).min() > 400


def test_real_points_cover_all_modes(rng):
    assert covered_modes(Distribution.RING, Distribution.RING.draw(rng, 2000)) == 8
    assert covered_modes(Distribution.GRID, Distribution.GRID.draw(rng, 4000)) == 25


def test_a_forger_of_three_heaps_covers_three_modes():
    points = Distribution.RING.modes[[0, 3, 5]].repeat(10, 1)
    assert covered_modes(Distribution.RING, points) == 3


def test_points_between_the_heaps_cover_nothing():
    assert covered_modes(Distribution.RING, torch.zeros(100, 2)) == 0


def test_what_has_no_heaps_has_none_to_miss():
    with pytest.raises(ValueError, match="ring or grid"):
        covered_modes(Distribution.MOONS, torch.zeros(1, 2))


def test_bumps_have_the_mean_of_their_halves(rng):
    points = Distribution.BUMPS.draw(rng, 20_000)
    assert points.mean() == pytest.approx(sum(mean for mean, _ in BUMPS) / 2, abs=0.03)


def test_each_moon_is_half_a_circle(rng):
    points = Distribution.MOONS.draw(rng, 2000)
    centres = torch.tensor([[-0.75, -0.375], [0.75, 0.375]])  # of radius 1.5
    distance = (torch.cdist(points, centres) - 1.5).abs().amin(1)
    assert distance.mean() < 0.1
