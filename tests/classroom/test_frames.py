import numpy as np
import pytest

from retrato.classroom.distributions import Distribution
from retrato.classroom.frames import Theatre, best_police, density_of_bumps
from retrato.classroom.minmax import MinMaxConfig, MinMaxGame


@pytest.mark.parametrize("distribution", [Distribution.RING, Distribution.BUMPS])
def test_each_scene_becomes_a_frame_and_they_differ(distribution):
    game = MinMaxGame(MinMaxConfig(distribution, width=8, batch_size=8, iterations=10))
    frames = list(Theatre(game).frames(game.play(10)))
    assert [each.shape for each in frames] == [(400, 800, 3)] * 2
    assert frames[0].dtype == np.uint8
    assert not np.array_equal(*frames)


def test_the_density_of_the_bumps_is_one_altogether():
    places = np.linspace(-6, 6, 2001)
    assert np.trapezoid(density_of_bumps(places), places) == pytest.approx(1, abs=1e-4)


def test_the_best_police_guess_where_both_are_as_frequent():
    """Proposition 1 of Goodfellow et al. (2014)."""
    assert best_police(np.array([0.2, 0.3, 0.0]), np.array([0.2, 0.1, 0.5])).tolist() == pytest.approx([0.5, 0.75, 0])
