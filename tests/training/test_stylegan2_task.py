import io
from dataclasses import replace

import pytest
import torch

from doubles import TINY_STYLEGAN2_TASK, a_batch, gradients, straight_and_resumed, tiny_stylegan2_task
from retrato.precision import Precision
from retrato.training.division import Division
from retrato.weights.load import load_stylegan2
from retrato.weights.store import write_weights


def step(task, batch, iteration):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers(precision):
    task = tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, precision=precision))
    for iteration in range(2):
        terms = step(task, a_batch(4), iteration)
        assert {"loss/generator", "loss/discriminator", "real_sign", "augmentation"} <= terms.keys()
        assert all(each.isfinite() for each in terms.values())


def test_both_sides_learn_with_all_their_parameters():
    task = tiny_stylegan2_task()
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    for iteration in range(2):
        step(task, a_batch(4), iteration)
    for name, player in task.players.items():
        unmoved = [torch.equal(*pair) for pair in zip(before[name], player.network.parameters(), strict=True)]
        assert not any(unmoved), name


def test_path_lengths_and_the_penalty_come_now_and_then():
    task = tiny_stylegan2_task()
    lengths = [task.mean_length.item()]
    for iteration in range(2):
        step(task, a_batch(4), iteration)
        lengths.append(task.mean_length.item())
    assert lengths[0] < lengths[1] == lengths[2]


def test_path_length_regularisation_changes_what_the_generator_learns():
    weights = []
    for path_weight in (0.0, 200.0):
        task = tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, path_weight=path_weight))
        step(task, a_batch(4), 0)
        weights.append(task.generator.network.constant.detach())
    assert not torch.equal(*weights)


def test_augmentation_rises_while_the_discriminator_is_sure_of_real_faces():
    task = tiny_stylegan2_task()
    with torch.no_grad():
        task.discriminator.network.judge.bias.fill_(50.0)
    for iteration in range(4):
        step(task, a_batch(4), iteration)
    assert task.augmentation.probability == pytest.approx(16 / 100)
    with torch.no_grad():
        task.discriminator.network.judge.bias.fill_(-50.0)
    for iteration in range(4, 8):
        step(task, a_batch(4), iteration)
    assert task.augmentation.probability == 0


def test_without_augmentation_nothing_is_augmented():
    task = tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, augmentation=None))
    for iteration in range(4):
        assert step(task, a_batch(4), iteration)["augmentation"] == 0


def test_a_batch_in_parts_teaches_what_it_teaches_at_once():
    batch = a_batch(8)
    config = replace(TINY_STYLEGAN2_TASK, path_weight=0.0)  # a part's path lengths pull their mean by themselves
    whole, parts = (tiny_stylegan2_task(config, Division(parts=each)) for each in (1, 2))
    for task in (whole, parts):
        step(task, batch, 0)
    for name, gradient in gradients(whole).items():
        if gradient is not None:
            torch.testing.assert_close(gradients(parts)[name], gradient, rtol=1e-3, atol=1e-6)


def test_the_mean_path_length_does_not_hang_on_the_parts():
    batch = a_batch(8)
    whole, parts = (tiny_stylegan2_task(division=Division(parts=each)) for each in (1, 2))
    for task in (whole, parts):
        step(task, batch, 0)
    assert whole.mean_length > 0
    assert parts.mean_length.item() == pytest.approx(whole.mean_length.item(), rel=1e-5)


def test_what_is_kept_for_resuming_does_not_grow():
    task = tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, augmentation=None))
    sizes = []
    for iteration in range(8):
        step(task, a_batch(4), iteration)
        file = io.BytesIO()
        torch.save(task.state(), file)
        sizes.append(file.tell())
    assert max(sizes[1:]) - min(sizes[1:]) < 1000


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_stylegan2_task, a_batch(4), step, iterations=6)
    assert resumed.augmentation.probability == straight.augmentation.probability
    for name, player in straight.players.items():
        for one, other in zip(player.network.parameters(), resumed.players[name].network.parameters(), strict=True):
            assert torch.equal(one, other)


def test_a_preview_shows_sixteen_faces_always_of_the_same_latents():
    task = tiny_stylegan2_task()
    sheet = task.preview(a_batch(1).pictures)
    assert sheet.shape == (4 * 32, 4 * 32, 3)
    assert (task.preview(a_batch(1).pictures) == sheet).all()


def test_its_weights_can_be_read_back(tmp_path):
    task = tiny_stylegan2_task()
    write_weights(tmp_path / "prior.safetensors", task.weights())
    prior = load_stylegan2(tmp_path / "prior.safetensors")
    assert prior.config == TINY_STYLEGAN2_TASK.network
    for name, tensor in task.generator.average.state_dict().items():
        assert torch.equal(prior.state_dict()[name], tensor)
