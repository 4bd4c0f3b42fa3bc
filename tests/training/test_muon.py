import copy

import pytest
import torch
from torch import nn

from doubles import straight_and_resumed
from retrato.training.muon import Muon
from retrato.training.player import LearningConfig, Player


def a_network(memory_format=torch.contiguous_format):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 32, 1), nn.Conv2d(32, 48, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 32)
    )
    return network.to(memory_format=memory_format)


def take_steps(player, iterations):
    for iteration in iterations:
        take_step(player, torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(iteration)), iteration)


def take_step(player, pictures, iteration):
    player.minimize([(player.network(pictures) - 1).square().mean()], iteration)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_kernel_moves_as_its_matrix_does_in_torchs_own(memory_format):
    kernel = nn.Parameter(torch.randn(40, 32, 3, 3).to(memory_format=memory_format))
    matrix = nn.Parameter(kernel.detach().clone().flatten(1))
    ours = Muon([kernel], 0.1)
    theirs = torch.optim.Muon([matrix], lr=0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    before = kernel.detach().clone()
    for seed in range(3):
        gradient = torch.randn(40, 32, 3, 3, generator=torch.Generator().manual_seed(seed))
        kernel.grad, matrix.grad = gradient.to(memory_format=memory_format), gradient.flatten(1)
        ours.step()
        theirs.step()
    assert not torch.equal(kernel, before)
    torch.testing.assert_close(kernel.flatten(1), matrix, rtol=0, atol=2e-3)  # bf16, added up in another order


@pytest.mark.parametrize(
    ("shape", "suits"),
    [((32, 32), True), ((32, 4, 3, 3), True), ((12, 64, 1, 1), False), ((64, 1, 3, 3), False), ((256,), False)],
)
def test_it_is_for_matrices_with_sides_worth_it(shape, suits):
    assert Muon.suits(torch.zeros(shape)) == suits


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_player_that_learns_by_it_gets_better_and_every_parameter_moves(memory_format):
    player = Player(a_network(memory_format), LearningConfig(1e-2, muon=True, warmup_iterations=0))
    before = copy.deepcopy(player.network)
    pictures = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    take_steps(player, range(40))
    assert not any(map(torch.equal, before.parameters(), player.network.parameters()))
    losses = [(each(pictures) - 1).square().mean() for each in (before, player.network)]
    assert losses[1] < losses[0] / 4


def test_it_resumes_bit_for_bit():
    config = LearningConfig(1e-2, muon=True, warmup_iterations=3)
    pictures = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    straight, resumed = straight_and_resumed(lambda: Player(a_network(), config), pictures, take_step)
    for one, other in zip(straight.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_it_follows_the_learning_rate():
    player = Player(a_network(), LearningConfig(1e-2, muon=True, warmup_iterations=0))
    take_steps(player, [0])
    weight = player.network[1].weight
    before = weight.detach().clone()
    for group in player.optimizers["muon"].param_groups:
        assert group["lr"] == pytest.approx(1e-2)
    player.minimize([(player.network(torch.ones(1, 3, 8, 8)) - 1).square().mean()], 1, decay=0.0)
    assert torch.equal(before, weight)


def test_equalised_rates_are_refused_with_it():
    with pytest.raises(ValueError, match="equalized must be false with muon"):
        LearningConfig(equalized=True, muon=True)
