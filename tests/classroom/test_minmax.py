import math
from dataclasses import replace

import pytest
import torch

from retrato.classroom.distributions import Distribution
from retrato.classroom.minmax import MinMaxConfig, MinMaxGame

SMALL = MinMaxConfig(width=16, batch_size=64, latent_size=4, iterations=40)


def silenced(player):
    """Police who say 1/2 of everything."""
    for parameter in player.network.parameters():
        parameter.data.zero_()


def test_police_who_can_but_guess_leave_the_value_at_minus_log_4(rng):
    game = MinMaxGame(SMALL)
    silenced(game.police)
    points = Distribution.RING.draw(rng, 10)
    assert game.value(points, -points).item() == pytest.approx(-math.log(4))
    assert game.is_real(points).tolist() == pytest.approx([0.5] * 10)


def test_the_value_is_equation_1(rng):
    game = MinMaxGame(SMALL)
    real, fake = torch.randn(6, 2, generator=rng), torch.randn(6, 2, generator=rng)
    expected = game.is_real(real).log().mean() + (1 - game.is_real(fake)).log().mean()
    assert game.value(real, fake).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_police_make_the_value_larger_and_leave_the_forger_alone():
    game = MinMaxGame(replace(SMALL, police_steps=60))
    before = [each.clone() for each in game.forger.network.parameters()]
    scene = next(game.play())
    value, _ = game.turn(0)
    assert value.item() > scene.value + 0.2
    moved = [(one - other).abs().max() for one, other in zip(before, game.forger.network.parameters(), strict=True)]
    assert max(moved) < 2 * SMALL.learning.learning_rate  # of its own single step


def test_the_same_seed_plays_the_same_game():
    scenes = [list(MinMaxGame(SMALL).play(20)) for _ in range(2)]
    assert [each.iteration for each in scenes[0]] == [0, 20, 40]
    assert torch.equal(scenes[0][-1].forged, scenes[1][-1].forged)
    assert not torch.equal(scenes[0][-1].forged, scenes[0][0].forged)


def test_playing_leaves_the_callers_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    MinMaxGame(SMALL)
    assert torch.equal(torch.rand(3), expected)


def test_a_penalty_makes_the_police_less_steep_at_real_points(rng):
    steepness = []
    for penalty_weight in (0.0, 10.0):
        game = MinMaxGame(replace(SMALL, penalty_weight=penalty_weight))
        for iteration in range(60):
            game.turn(iteration)
        real = Distribution.RING.draw(rng, 200).requires_grad_()
        (gradient,) = torch.autograd.grad(game.police.network(real).sum(), real)
        steepness.append(gradient.norm(dim=1).mean().item())
    assert steepness[1] < steepness[0] / 2


def test_on_a_line_a_forger_with_r1_finds_both_bumps():
    config = replace(
        SMALL, distribution=Distribution.BUMPS, penalty_weight=0.3, width=32, batch_size=128, iterations=250
    )
    *_, last = MinMaxGame(config).play(250)
    assert 0.2 < (last.forged > 0).float().mean() < 0.8


@pytest.mark.parametrize("settings", [{"police_steps": 0}, {"penalty_weight": -1.0}, {"iterations": 0}])
def test_a_game_that_is_none_is_refused(settings):
    with pytest.raises(ValueError, match="at least 1"):
        replace(SMALL, **settings)
