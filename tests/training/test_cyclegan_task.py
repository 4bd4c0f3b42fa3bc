from dataclasses import replace

import pytest
import torch

from doubles import TINY_CYCLEGAN_TASK, a_batch, straight_and_resumed, tiny_cyclegan_task
from retrato.data import FaceBatch
from retrato.errors import UnusableSetting
from retrato.precision import Precision
from retrato.training.build import build_task, start_from
from retrato.training.division import Division
from retrato.training.recipes import recipe
from retrato.training.tasks.cyclegan import EarlierPictures, ExchangeRecord
from retrato.translation import Translator
from retrato.weights.store import write_weights

SIZE = TINY_CYCLEGAN_TASK.jitter_size


def step(task, batch, iteration=0):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


def a_batch_of_both(count=2, source=None, target=None):
    """Sources at the left and targets at the right; of one level, or by chance."""
    batch = a_batch(count, SIZE)
    halves = [batch.pictures if level is None else torch.full_like(batch.pictures, level) for level in (source, target)]
    return FaceBatch(torch.cat(halves, 3), batch.places)


def exchange(is_exchanged, place):
    return ExchangeRecord(torch.tensor(is_exchanged), torch.tensor(place))


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers_and_all_sides_learn(precision):
    task = tiny_cyclegan_task(replace(TINY_CYCLEGAN_TASK, precision=precision))
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    terms = step(task, a_batch_of_both())
    kinds = ("adversarial", "cycle", "identity", "discriminator")
    assert {f"loss/{each}_{kind}" for each in kinds for kind in ("source", "target")} <= terms.keys()
    assert all(each.isfinite() for each in terms.values())
    for name, player in task.players.items():
        moved = [not torch.equal(*pair) for pair in zip(before[name], player.network.parameters(), strict=True)]
        assert sum(moved) > 0.9 * len(moved), name


def test_the_weighted_losses_are_those_of_the_paper():
    """Translators that change nothing: cycles and identities are perfect, and fakes of a kind are the other's."""
    task = tiny_cyclegan_task()
    for translate in (task.translators.network.forth, task.translators.network.back):
        translate.forward = lambda pictures: pictures
    real = {"source": torch.full((1, 3, 32, 32), -0.5), "target": torch.full((1, 3, 32, 32), 0.5)}
    fakes = task._translated(real)
    losses = task._losses(real, fakes)
    assert torch.equal(fakes["target"], real["source"])
    assert [losses[f"cycle_{kind}"].item() for kind in real] == [0, 0]
    logits = task.discriminators["target"].network(real["source"])
    torch.testing.assert_close(losses["adversarial_target"], (logits - 1).square().mean())
    task.translators.network.forth.forward = lambda pictures: -pictures
    losses = task._losses(real, fakes)
    assert losses["cycle_target"].item() == pytest.approx(10 * 1)  # 0.5 stays, and forth it becomes -0.5
    assert losses["identity_target"].item() == pytest.approx(5 * 1)


def test_translators_learn_to_undo_each_other():
    task = tiny_cyclegan_task(replace(TINY_CYCLEGAN_TASK, identity_weight=0.0))
    batch = a_batch_of_both(source=60, target=200)
    terms = [step(task, batch, iteration) for iteration in range(40)]
    cycles = [(each["loss/cycle_source"] + each["loss/cycle_target"]).item() for each in terms]
    assert sum(cycles[-5:]) < 0.5 * sum(cycles[:5])
    assert "loss/identity_source" not in terms[0]


def test_sources_become_as_bright_as_targets():
    task = tiny_cyclegan_task()
    batch = a_batch_of_both(source=60, target=200)
    for iteration in range(60):
        step(task, batch, iteration)
    source = torch.full((1, 3, 32, 32), 60 / 127.5 - 1)
    network = task.translators.network
    assert network.forth(source).mean() > 0.2
    assert network.back(-source).mean() < 0


def test_both_kinds_are_cut_where_their_own_records_say():
    task = tiny_cyclegan_task()
    batch = a_batch_of_both(16)
    record = task._draw_record(torch.Generator().manual_seed(0), 16)
    real = task._real(batch.pictures, record)
    assert real["source"].shape == real["target"].shape == (16, 3, 32, 32)
    assert not torch.equal(record.source.place, record.target.place)
    assert not torch.equal(real["source"], real["target"]), "of the same pictures, here"


# Earlier pictures


def test_the_first_pictures_are_kept_and_shown():
    earlier, pictures = EarlierPictures(3), torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    shown = earlier.exchanged(pictures, exchange([True, True, True], [0.0, 0.0, 0.0]))
    assert torch.equal(shown, pictures)
    assert len(earlier.pictures) == 3


def test_later_an_earlier_picture_comes_up_and_makes_room():
    earlier, pictures = EarlierPictures(2), torch.arange(5.0).view(5, 1, 1, 1).expand(5, 3, 2, 2)
    shown = earlier.exchanged(pictures, exchange([True, False, True, False, True], [0.0, 0.0, 0.9, 0.0, 0.9]))
    assert shown[:, 0, 0, 0].tolist() == [0, 1, 1, 3, 2]
    assert [each[0, 0, 0].item() for each in earlier.pictures] == [0, 4]


def test_without_a_buffer_discriminators_see_what_was_just_translated():
    pictures = torch.rand(2, 3, 2, 2)
    assert torch.equal(EarlierPictures(0).exchanged(pictures, exchange([True, True], [0.5, 0.5])), pictures)


# As a task


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_cyclegan_task, a_batch_of_both(), step)
    for name, player in straight.players.items():
        for key, tensor in player.network.state_dict().items():
            assert torch.equal(tensor, resumed.players[name].network.state_dict()[key]), (name, key)


def test_a_preview_has_rows_of_both_ways_there_and_back():
    task = tiny_cyclegan_task()
    assert task.preview(a_batch_of_both(3).pictures).shape == (3 * 32, 6 * 32, 3)
    assert task.score(a_batch_of_both(3).pictures) is None


def test_its_weights_translate_in_both_directions_and_begin_another(tmp_path, faces):
    task = tiny_cyclegan_task()
    step(task, a_batch_of_both())
    write_weights(tmp_path / "mine.safetensors", task.weights())
    pictures = faces[..., :32, :32].contiguous()
    for backwards in (False, True):
        network = task.translators.average.back if backwards else task.translators.average.forth
        translate = Translator.from_weights(tmp_path / "mine.safetensors", "cpu", backwards=backwards)
        torch.testing.assert_close(translate(pictures), network(pictures))
        assert translate.name == f"CycleGAN, weights mine.safetensors, {'backwards' if backwards else 'forwards'}"
    other = tiny_cyclegan_task()
    start_from(other, str(tmp_path / "mine.safetensors"))
    torch.testing.assert_close(other.translators.network(pictures), task.translators.average(pictures))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"jitter_size": 30}, "jitter_size is 30"),
        ({"cycle_weight": -1.0}, "must not be negative"),
        ({"discriminator": replace(TINY_CYCLEGAN_TASK.discriminator, pictures=2)}, "sees 1"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(settings, reason):
    with pytest.raises(UnusableSetting, match=reason):
        build_task(replace(TINY_CYCLEGAN_TASK, **settings), torch.device("cpu"), Division())


def test_the_papers_numbers_stand_in_its_recipe():
    """Zhu et al. (2017), section 4 and appendix 7."""
    chosen = recipe("cyclegan-256")
    task = chosen.task
    players = (task.translator_learning, task.discriminator_learning)
    assert [(each.learning_rate, each.betas) for each in players] == [(2e-4, (0.5, 0.999))] * 2
    assert (task.cycle_weight, task.identity_weight, task.earlier_pictures) == (10, 0.5 * 10, 50)
    assert (chosen.loop.batch_size, task.jitter_size, task.network.image_size, task.network.blocks) == (1, 286, 256, 9)
    assert task.discriminator.reach == 70
