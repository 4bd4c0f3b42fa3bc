from dataclasses import replace

import pytest
import torch

from doubles import TINY_PIX2PIX_TASK, a_batch, gradients, straight_and_resumed, tiny_pix2pix_task
from retrato.data import FaceBatch, Framing
from retrato.errors import UnusableSetting
from retrato.images.tensors import from_levels
from retrato.precision import Precision
from retrato.restoration.loading import load_restorer
from retrato.training.build import build_task, start_from
from retrato.training.division import Division
from retrato.training.recipes import recipe
from retrato.translation import PairKind, Translator
from retrato.weights.store import write_weights


def step(task, batch, iteration=0):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


def batch_for(task, count=4):
    batch = a_batch(count, task.image_size)
    return FaceBatch(batch.pictures.repeat(1, 1, 1, task.framing.squares), batch.places)


@pytest.mark.parametrize("pairs", PairKind)
@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers_and_both_sides_learn(pairs, precision):
    task = tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, pairs=pairs, precision=precision))
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    terms = step(task, batch_for(task))
    assert {"loss/pixel", "loss/adversarial", "loss/discriminator"} <= terms.keys()
    assert all(each.isfinite() for each in terms.values())
    for name, player in task.players.items():
        moved = [not torch.equal(*pair) for pair in zip(before[name], player.network.parameters(), strict=True)]
        assert sum(moved) > 0.9 * len(moved), name


def test_source_and_target_are_cut_and_mirrored_together():
    task = tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, pairs=PairKind.OWN))
    batch = batch_for(task, 16)
    record = task._draw_record(torch.Generator().manual_seed(0), 16)
    pairs = task._pairs(batch.pictures, record)
    assert torch.equal(pairs.source, pairs.target)
    assert 0 < record.jitter.is_mirrored.sum() < 16
    whole = from_levels(batch.pictures)[..., :36]
    for index in range(16):
        top, left = (record.jitter.place[index] * 5).long().tolist()
        seen = whole[index].flip(2) if record.jitter.is_mirrored[index] else whole[index]
        assert torch.equal(pairs.target[index], seen[:, top : top + 32, left : left + 32])


def test_own_pairs_are_learned_from_right_to_left_if_asked():
    config = replace(TINY_PIX2PIX_TASK, pairs=PairKind.OWN, jitter_size=32, is_mirrored=False)
    pictures = torch.zeros(1, 3, 32, 64, dtype=torch.uint8)
    pictures[..., 32:] = 255
    sources = []
    for backwards in (False, True):
        task = tiny_pix2pix_task(replace(config, backwards=backwards))
        pairs = task._pairs(pictures, task._draw_record(torch.Generator().manual_seed(0), 1))
        assert (pairs.source == -pairs.target).all()
        sources.append(pairs.source.mean().item())
    assert sources == [-1, 1]


def test_without_an_adversary_the_pixels_alone_are_learned():
    task = tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, adversarial_weight=0.0, pairs=PairKind.GREY))
    batch = batch_for(task)
    losses = [step(task, batch, 0)["loss/pixel"].item() for _ in range(15)]
    assert losses[-1] < 0.9 * losses[0]
    assert "loss/discriminator" not in step(task, batch, 15)


def test_a_batch_in_parts_teaches_what_it_teaches_at_once():
    whole, parts = (tiny_pix2pix_task(division=Division(parts=each)) for each in (1, 2))
    batch = batch_for(whole, 4)
    for task in (whole, parts):
        step(task, batch)
    for name, gradient in gradients(whole).items():
        if name.startswith("translator"):
            torch.testing.assert_close(gradients(parts)[name], gradient, rtol=1e-2, atol=1e-3)


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_pix2pix_task, batch_for(tiny_pix2pix_task()), step)
    for name, tensor in straight.translator.network.state_dict().items():
        assert torch.equal(tensor, resumed.translator.network.state_dict()[name]), name


@pytest.mark.parametrize("pairs", PairKind)
def test_a_preview_has_rows_of_source_translated_and_target(pairs):
    task = tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, pairs=pairs))
    batch = batch_for(task, 3)
    assert task.preview(batch.pictures).shape == (3 * 32, 3 * 32, 3)
    assert 0 < task.score(batch.pictures) < 2


def test_single_pictures_may_have_any_shape_and_own_pairs_are_two():
    framings = {pairs: tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, pairs=pairs)).framing for pairs in PairKind}
    assert framings.pop(PairKind.OWN) is Framing.PAIR
    assert set(framings.values()) == {Framing.MIDDLE}


def test_its_weights_can_be_read_back_and_begin_another(tmp_path, faces):
    task = tiny_pix2pix_task()
    step(task, batch_for(task))
    write_weights(tmp_path / "mine.safetensors", task.weights())
    pictures = faces[..., :32, :32].contiguous()
    expected = task.translator.average(pictures)
    torch.testing.assert_close(Translator.from_weights(tmp_path / "mine.safetensors", "cpu")(pictures), expected)
    other = tiny_pix2pix_task()
    start_from(other, str(tmp_path / "mine.safetensors"))
    torch.testing.assert_close(other.translator.network(pictures), expected)


def test_what_has_learned_from_degraded_faces_restores_faces(tmp_path, faces):
    task = tiny_pix2pix_task(replace(TINY_PIX2PIX_TASK, pairs=PairKind.DEGRADED))
    write_weights(tmp_path / "mine.safetensors", task.weights())
    restorer = load_restorer(tmp_path / "mine.safetensors", "cpu")
    assert (restorer.size, restorer.name) == (32, "Pix2Pix, weights mine.safetensors")
    assert restorer(faces[..., :32, :32].contiguous()).shape == (4, 3, 32, 32)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"jitter_size": 30}, "jitter_size is 30"),
        ({"pixel_weight": 0.0, "adversarial_weight": 0.0}, "nor both 0"),
        ({"backwards": True}, "own pairs"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(settings, reason):
    with pytest.raises(UnusableSetting, match=reason):
        build_task(replace(TINY_PIX2PIX_TASK, **settings), torch.device("cpu"), Division())


def test_the_papers_numbers_stand_in_its_recipe():
    """Isola et al. (2017), sections 3.3 and 4, appendix 6.2."""
    chosen = recipe("pix2pix-256")
    task = chosen.task
    players = (task.translator_learning, task.discriminator_learning)
    assert [(each.learning_rate, each.betas) for each in players] == [(2e-4, (0.5, 0.999))] * 2
    assert (chosen.loop.batch_size, task.pixel_weight, task.jitter_size, task.network.image_size) == (1, 100, 286, 256)
    assert task.discriminator.reach == 70
