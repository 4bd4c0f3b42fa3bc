from dataclasses import replace

import pytest
import torch

from doubles import (
    TINY_AUTOENCODER_TASK,
    TINY_STYLEGAN2_TASK,
    a_batch,
    gradients,
    straight_and_resumed,
    tiny_autoencoder_task,
)
from retrato.data import FaceBatch
from retrato.errors import UnusableSetting
from retrato.precision import Precision
from retrato.training.build import build_task, start_from
from retrato.training.division import Division
from retrato.weights.load import load_stylegan2
from retrato.weights.store import write_weights


def step(task, batch, iteration):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers(precision):
    task = tiny_autoencoder_task(replace(TINY_AUTOENCODER_TASK, precision=precision))
    for iteration in range(2):
        terms = step(task, a_batch(4), iteration)
        assert {"loss/pixel", "loss/perceptual", "loss/surprise", "gradient"} <= terms.keys()
        assert all(each.isfinite() for each in terms.values())


def test_the_adversary_joins_in_its_first_iteration():
    task = tiny_autoencoder_task()
    judges = [each.clone() for each in task.discriminator.network.judges.parameters()]
    assert "loss/adversarial" not in step(task, a_batch(4), 0)
    assert all(map(torch.equal, judges, task.discriminator.network.judges.parameters()))
    assert {"loss/adversarial", "loss/discriminator", "augmentation"} <= step(task, a_batch(4), 1).keys()
    assert not any(map(torch.equal, judges, task.discriminator.network.judges.parameters()))


def test_without_weight_there_is_no_adversary():
    task = tiny_autoencoder_task(replace(TINY_AUTOENCODER_TASK, adversarial_weight=0.0))
    assert "loss/adversarial" not in step(task, a_batch(4), 1)


def test_faces_drawn_by_chance_are_learned_from_what_the_adversary_says():
    found = []
    for weight in (0.5, 1.0):
        task = tiny_autoencoder_task(replace(TINY_AUTOENCODER_TASK, adversarial_weight=weight))
        step(task, a_batch(4), 1)
        found.append(gradients(task)["autoencoder.generator.constant"])
    assert not torch.allclose(*found)


def test_augmentation_rises_while_the_adversary_is_sure_of_real_faces():
    task = tiny_autoencoder_task()
    with torch.no_grad():
        for judge in task.discriminator.network.judges:
            judge.last.bias.fill_(50.0)
    for iteration in range(1, 4):
        step(task, a_batch(4), iteration)
    assert task.augmentation.probability == pytest.approx(16 / 100)


def test_both_halves_learn():
    task = tiny_autoencoder_task()
    step(task, a_batch(4), 0)
    for half in ("encoder", "generator"):
        found = [each for name, each in gradients(task).items() if name.startswith(f"autoencoder.{half}.")]
        assert all(each is not None and each.isfinite().all() for each in found)
        assert any(each.any() for each in found)


def test_faces_are_drawn_anew_better_and_better():
    task = tiny_autoencoder_task(
        replace(TINY_AUTOENCODER_TASK, surprise_weight=0.0, perceptual_weight=0.0, adversarial_weight=0.0)
    )
    torch.manual_seed(1)
    batch = FaceBatch(torch.randint(0, 255, (4, 3, 1, 1), dtype=torch.uint8).expand(4, 3, 32, 32), a_batch(4).places)
    losses = [step(task, batch, iteration)["loss/pixel"].item() for iteration in range(30)]
    assert losses[-1] < 0.5 * losses[0]


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_autoencoder_task, a_batch(4), step)
    one, other = (each.autoencoder.network.parameters() for each in (straight, resumed))
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_a_preview_shows_faces_the_same_drawn_anew_and_faces_by_chance():
    task = tiny_autoencoder_task()
    pictures = a_batch(3).pictures
    sheet = task.preview(pictures)
    assert sheet.shape == (3 * 32, 3 * 32, 3)
    assert (sheet[:32, :32] == pictures[0].permute(1, 2, 0).numpy()).all()
    assert task.score(pictures) > 0


def test_a_prior_starts_from_its_weights(tmp_path):
    task = tiny_autoencoder_task()
    write_weights(tmp_path / "prior.safetensors", task.weights())
    prior = load_stylegan2(tmp_path / "prior.safetensors")
    assert torch.equal(prior.constant, task.autoencoder.average.generator.constant)
    other = build_task(replace(TINY_STYLEGAN2_TASK, network=prior.config), torch.device("cpu"), Division())
    start_from(other, str(tmp_path / "prior.safetensors"))
    assert torch.equal(other.generator.network.constant, prior.constant)


def test_it_starts_from_nothing(tmp_path):
    with pytest.raises(UnusableSetting, match="begins anew"):
        start_from(tiny_autoencoder_task(), str(tmp_path / "any.safetensors"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixel_weight": -1.0},
        {"pixel_weight": 0.0, "perceptual_weight": 0.0},
        {"surprise_weight": -1.0},
        {"adversarial_weight": -1.0},
    ],
)
def test_weights_that_make_no_loss_are_refused(wrong):
    with pytest.raises(ValueError, match="weight"):
        replace(TINY_AUTOENCODER_TASK, **wrong).require_whole()


def test_a_prior_without_mapping_is_refused():
    network = replace(TINY_AUTOENCODER_TASK.network, mapping_layers=0)
    with pytest.raises(ValueError, match="mapping_layers"):
        replace(TINY_AUTOENCODER_TASK, network=network).require_whole()


def test_an_adversary_is_not_equalised_as_well():
    equalized = replace(TINY_AUTOENCODER_TASK.discriminator_learning, equalized=True)
    with pytest.raises(ValueError, match="equalized must be false"):
        replace(TINY_AUTOENCODER_TASK, discriminator_learning=equalized).require_whole()
