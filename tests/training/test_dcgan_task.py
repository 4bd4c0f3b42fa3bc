from dataclasses import replace

import pytest
import torch

from doubles import TINY_DCGAN_TASK, a_batch, straight_and_resumed, tiny_dcgan_task
from retrato.errors import UnusableSetting
from retrato.generation import draw_latents
from retrato.networks.dcgan import DCGANDiscriminatorConfig
from retrato.precision import Precision
from retrato.training.build import build_task, start_from
from retrato.training.division import Division
from retrato.training.recipes import recipe
from retrato.weights.load import load_drawer
from retrato.weights.store import write_weights


def step(task, batch, iteration=0):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers_and_everything_learns(precision):
    task = tiny_dcgan_task(replace(TINY_DCGAN_TASK, precision=precision))
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    terms = step(task, a_batch(4))
    assert {"loss/generator", "loss/discriminator"} <= terms.keys()
    assert all(each.isfinite() for each in terms.values())
    for name, player in task.players.items():
        assert not any(torch.equal(*pair) for pair in zip(before[name], player.network.parameters(), strict=True)), name


def test_the_generator_learns_the_brightness_of_what_it_sees():
    """Grey of one level is the simplest there is to forge."""
    task = tiny_dcgan_task()
    batch = a_batch(16)
    batch.pictures.fill_(230)
    rng = torch.Generator().manual_seed(0)
    latents = draw_latents(task.generator.network, 16, rng)
    before = task.generator.network(latents).mean().item()
    for iteration in range(30):
        step(task, batch, iteration)
    assert task.generator.network(latents).mean().item() > before + 0.2


def test_the_weights_to_use_know_what_normalisation_has_seen():
    task = tiny_dcgan_task()
    for iteration in range(3):
        step(task, a_batch(4), iteration)
    for average, buffer in zip(task.generator.average.buffers(), task.generator.network.buffers(), strict=True):
        assert torch.equal(average, buffer)
    assert task.generator.average.project[1].running_var.std() > 0


def test_a_batch_can_be_divided_into_parts():
    terms = step(tiny_dcgan_task(division=Division(parts=2)), a_batch(8))
    assert all(each.isfinite() for each in terms.values())


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_dcgan_task, a_batch(4), step)
    for name, tensor in straight.generator.network.state_dict().items():
        assert torch.equal(tensor, resumed.generator.network.state_dict()[name]), name


def test_its_weights_can_be_read_back_and_begin_another(tmp_path):
    task = tiny_dcgan_task()
    step(task, a_batch(4))
    write_weights(tmp_path / "drawer.safetensors", task.weights())
    drawer = load_drawer(tmp_path / "drawer.safetensors").eval()
    latents = draw_latents(drawer, 2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawer(latents), task.generator.average(latents))
    other = tiny_dcgan_task()
    start_from(other, str(tmp_path / "drawer.safetensors"))
    torch.testing.assert_close(other.generator.average(latents), drawer(latents))


def test_a_preview_shows_sixty_four_pictures():
    assert tiny_dcgan_task().preview(a_batch(1).pictures).shape == (8 * 32, 8 * 32, 3)


def test_players_of_different_sizes_are_refused():
    config = replace(TINY_DCGAN_TASK, discriminator=DCGANDiscriminatorConfig(image_size=64, channels=4))
    with pytest.raises(UnusableSetting, match=r"task.discriminator.image_size is 64, and the generator's 32"):
        build_task(config, torch.device("cpu"), Division())


def test_the_papers_numbers_stand_in_its_recipe():
    """Radford et al. (2016), section 4."""
    chosen = recipe("dcgan-64")
    players = (chosen.task.generator_learning, chosen.task.discriminator_learning)
    assert [(each.learning_rate, each.betas) for each in players] == [(2e-4, (0.5, 0.999))] * 2
    assert (chosen.loop.batch_size, chosen.task.network.latent_size) == (128, 100)
