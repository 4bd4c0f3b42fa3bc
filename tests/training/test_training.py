import errno
import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch

from doubles import TINY_ADVERSARY, TINY_TASK, a_batch, tiny_task
from retrato.data import find_stored_images
from retrato.errors import Diverged, UnusableData, UnusableRun
from retrato.networks.projected_discriminator import ProjectedDiscriminatorConfig
from retrato.precision import Precision
from retrato.training.loop import LoopConfig, TrainingFaces, learning_rate_decay, train
from retrato.training.player import LearningConfig, Player
from retrato.training.run_folder import RunFolder
from retrato.training.tasks.adversary import Adversary
from retrato.training.tasks.gfpgan import LossWeights
from retrato.weights.load import load_gfpgan
from retrato.weights.store import read_weights

LOOP = LoopConfig(iterations=6, batch_size=2)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    noise = np.random.default_rng(0)
    for index in range(4):
        picture = PIL.Image.fromarray(noise.integers(0, 255, (4, 4, 3), np.uint8)).resize((32, 32))
        picture.save(folder / f"{index}.png")
    return find_stored_images([folder])


def run_to_end(folder, images, loop=LOOP, stop_after=None, others=None):
    run = RunFolder(folder)
    run.open({})
    task = tiny_task()
    reports = train(task, TrainingFaces(images, others), run, loop)
    for report in reports:
        if report.iteration == stop_after:
            reports.close()
    return task, run


def test_every_parameter_and_the_average_move_in_a_step(images):
    task = tiny_task()
    before = {name: each.clone() for name, each in task.restorer.network.named_parameters()}
    batch = a_batch()
    for iteration in range(2):
        task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)
    network, average = (dict(each.named_parameters()) for each in (task.restorer.network, task.restorer.average))
    assert [name for name, each in network.items() if torch.equal(each, before[name])] == []
    assert [name for name, each in average.items() if torch.equal(each, before[name])] == []


def test_all_terms_of_a_step_are_numbers():
    batch = a_batch()
    terms = tiny_task().step(batch, torch.Generator().manual_seed(0), 0, 1.0)
    assert {"loss/pixel", "loss/pyramid", "loss/perceptual", "loss/identity"} < terms.keys()
    assert all(each.isfinite() for each in terms.values())


def test_a_step_in_bf16_comes_close_to_one_in_float32():
    batch = a_batch()
    terms = {
        precision: tiny_task(replace(TINY_TASK, precision=precision)).step(
            batch, torch.Generator().manual_seed(0), 0, 1.0
        )
        for precision in Precision
    }
    for name in ("loss/pixel", "loss/pyramid", "loss/perceptual"):
        assert terms[Precision.BF16][name].item() == pytest.approx(terms[Precision.FP32][name].item(), rel=0.05)


def test_training_brings_the_loss_down(images):
    task = tiny_task(
        replace(
            TINY_TASK,
            losses=LossWeights(perceptual=0.0, identity=0.0),
            restorer=LearningConfig(5e-3, warmup_iterations=1),
        )
    )
    pictures = torch.stack([torch.full((3, 32, 32), level, dtype=torch.uint8) for level in (40, 200)])
    batch = replace(a_batch(), pictures=pictures)
    losses = [
        float(task.step(batch, torch.Generator().manual_seed(0), iteration, 1.0)["loss/pyramid"])
        for iteration in range(25)
    ]
    assert losses[-1] < 0.5 * losses[0]


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(images, tmp_path, monkeypatch):
    monkeypatch.setattr("retrato.training.loop.LOG_ITERATIONS", 3)
    whole, _ = run_to_end(tmp_path / "whole", images)
    run_to_end(tmp_path / "parts", images, stop_after=3)
    resumed, _ = run_to_end(tmp_path / "parts", images)
    for one, other in zip(whole.restorer.network.parameters(), resumed.restorer.network.parameters(), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(whole.restorer.average.parameters(), resumed.restorer.average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_run_leaves_config_numbers_preview_checkpoint_and_weights(images, tmp_path):
    _, run = run_to_end(tmp_path / "run", images)
    assert run.config.exists()
    assert [each.name for each in run.checkpoints.iterdir()] == ["0000006.pt"]
    numbers = [json.loads(line) for line in run.scalars.read_text().splitlines()]
    assert numbers[-1]["iteration"] == 6
    with PIL.Image.open(tmp_path / "run" / "previews" / "0000006.png") as preview:
        assert preview.size == (4 * 32, 3 * 32)
    assert not list(tmp_path.rglob("*.part"))
    assert any(each.name.startswith("events") for each in run.folder.iterdir())


def test_weights_of_a_run_restore_as_its_average_does(images, tmp_path, faces):
    task, run = run_to_end(tmp_path / "run", images)
    small = faces[:, :, ::2, ::2]
    assert read_weights(run.weights).story["iterations"] == "6"
    expected = task.restorer.average.restore(small)
    torch.testing.assert_close(load_gfpgan(run.weights).restore(small), expected, rtol=0, atol=1e-5)


def test_a_run_folder_is_not_used_for_other_settings(tmp_path):
    RunFolder(tmp_path).open({"task": {"rate": 1}})
    RunFolder(tmp_path).open({"task": {"rate": 1}})
    with pytest.raises(UnusableRun, match=r"task\.rate"):
        RunFolder(tmp_path).open({"task": {"rate": 2}})


@pytest.mark.parametrize("damage", [b"", b"text", b"\x80\x02random", None, [1], {"iteration": 1}, {"task": {}}])
def test_a_broken_checkpoint_is_refused(tmp_path, damage):
    run = RunFolder(tmp_path)
    run.open({})
    checkpoint = run.checkpoints / "0000001.pt"
    if damage is None:
        checkpoint.mkdir()
    elif isinstance(damage, bytes):
        checkpoint.write_bytes(damage)
    else:
        torch.save(damage, checkpoint)
    with pytest.raises(UnusableRun, match="delete it to go on from the one before"):
        run.resume(tiny_task())


@pytest.mark.parametrize("damage", ["", "{", "[" * 100_000])
def test_a_broken_config_is_refused(tmp_path, damage):
    run = RunFolder(tmp_path)
    run.config.write_text(damage)
    with pytest.raises(UnusableRun, match="damaged"):
        run.open({})


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(images, tmp_path, monkeypatch):
    task, run = run_to_end(tmp_path / "run", images)
    kept = (run.checkpoints / "0000006.pt").read_bytes()

    def fill(_, path):
        path.write_bytes(b"half a checkpoint")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(UnusableRun, match="No space left"):
        run.save(task, 7, np.zeros((32, 32, 3), np.uint8))
    assert (run.checkpoints / "0000006.pt").read_bytes() == kept
    assert run.resume(task) == 6
    assert not list(tmp_path.rglob("*.part"))


def test_a_picture_that_cannot_be_read_stops_a_run_that_is_saved(images, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    broken = [*images, *find_stored_images([tmp_path])]
    with pytest.raises(UnusableData, match=r"bad\.png"):
        run_to_end(tmp_path / "run", broken, replace(LOOP, iterations=500), others=images)
    assert list((tmp_path / "run" / "checkpoints").glob("*.pt"))


def test_numbers_beyond_the_checkpoint_and_half_a_line_are_dropped_on_resuming(images, tmp_path):
    _, run = run_to_end(tmp_path / "run", images)
    with run.scalars.open("a") as file:
        file.write('{"iteration": 7, "gradient": 1.0}\n{"iterat')
    run_to_end(tmp_path / "run", images, replace(LOOP, iterations=8))
    assert [json.loads(line)["iteration"] for line in run.scalars.read_text().splitlines()] == [6, 8]


def test_a_run_is_saved_now_and_then(images, tmp_path):
    run = RunFolder(tmp_path / "run", save_every_seconds=0)
    run.open({})
    for _ in train(tiny_task(), TrainingFaces(images), run, replace(LOOP, iterations=3)):
        pass
    assert len(list((run.folder / "previews").iterdir())) == 3


def test_a_run_stops_after_the_iteration_if_asked(images, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.open({})
    assert list(train(tiny_task(), TrainingFaces(images), run, LOOP, should_stop=lambda: True)) == []
    assert run.resume(tiny_task()) == 1


def test_a_loss_that_is_no_number_stops_and_keeps_the_weights():
    network = torch.nn.Linear(2, 1)
    player = Player(network, LearningConfig())
    before = network.weight.clone()
    with pytest.raises(Diverged, match="iteration 7"):
        player.minimize([network(torch.full((1, 2), float("inf"))).sum()], 7)
    assert torch.equal(network.weight, before)


def test_a_diverged_run_keeps_its_last_checkpoint(images, tmp_path, monkeypatch):
    _, run = run_to_end(tmp_path / "run", images)
    kept = (run.checkpoints / "0000006.pt").read_bytes()
    monkeypatch.setattr("retrato.training.tasks.gfpgan.pixel_loss", lambda restored, _: restored.mean() * float("nan"))
    with pytest.raises(Diverged):
        run_to_end(tmp_path / "run", images, replace(LOOP, iterations=12))
    assert (run.checkpoints / "0000006.pt").read_bytes() == kept


def test_the_learning_rate_rises_then_falls_to_a_tenth():
    player = Player(torch.nn.Linear(1, 1), LearningConfig(learning_rate=1.0, warmup_iterations=4))
    rates = []
    for iteration in range(4):
        player.minimize([player.network(torch.ones(1, 1)).sum()], iteration)
        rates.append(player.optimizers["optimizer"].param_groups[0]["lr"])
    assert rates == [0.25, 0.5, 0.75, 1.0]
    loop = LoopConfig(iterations=100, decay_share=0.2)
    assert [learning_rate_decay(iteration, loop) for iteration in (0, 80, 90, 100)] == pytest.approx([1, 1, 0.55, 0.1])


def test_the_average_follows_quickly_at_first_and_slowly_later():
    player = Player(torch.nn.Linear(1, 1, bias=False), LearningConfig(average_decay=0.999, learning_rate=1.0))
    start = player.average.weight.clone()
    player.minimize([player.network(torch.ones(1, 1)).sum()], 0)
    moved = (player.average.weight - start) / (player.network.weight - start)
    assert moved.item() == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_with_an_adversary_are_numbers(precision):
    task = tiny_task(replace(TINY_TASK, adversary=TINY_ADVERSARY, precision=precision))
    batch = a_batch()
    for iteration in range(2):
        terms = task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)
        assert all(each.isfinite() for each in terms.values())
    assert {"loss/adversarial", "loss/component", "loss/component_style", "discriminator/face"} <= terms.keys()


def test_restorer_and_adversary_all_learn_in_a_step():
    task = tiny_task(replace(TINY_TASK, adversary=TINY_ADVERSARY))
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    assert set(before) == {"restorer", "face", "left eye", "right eye", "mouth"}
    batch = a_batch()
    for iteration in range(2):
        task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)
    for name, player in task.players.items():
        unmoved = [torch.equal(*pair) for pair in zip(before[name], player.network.parameters(), strict=True)]
        assert not any(unmoved), name


PROJECTED = ProjectedDiscriminatorConfig(seen_size=64, channels=2, channel_max=4, deviation_group=2)


@pytest.mark.parametrize("discriminators", [["discriminator"], ["discriminator", "component_discriminator"]])
def test_an_adversary_that_looks_through_a_trained_network_learns_itself_alone(discriminators):
    projected = replace(TINY_ADVERSARY, **dict.fromkeys(discriminators, PROJECTED), penalty_weight=0.0)
    task = tiny_task(replace(TINY_TASK, adversary=projected))
    trunk = task.judges["perceptual"].network.trunk
    seen = {name: each.clone() for name, each in trunk.state_dict().items()}
    learning = [each for player in task.adversary.players.values() for each in player._learning.values()]
    before = [each.clone() for each in learning]
    for iteration in range(2):
        terms = task.step(a_batch(), torch.Generator().manual_seed(iteration), iteration, 1.0)
        assert all(each.isfinite() for each in terms.values())
    assert {"loss/adversarial", "loss/component_style", "discriminator/mouth"} < terms.keys()
    assert not any(map(torch.equal, before, learning))
    assert all(torch.equal(each, seen[name]) for name, each in trunk.state_dict().items())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"discriminator": PROJECTED, "learning": LearningConfig(equalized=True), "penalty_weight": 0.0},
            "adversary.learning.equalized",
        ),
        (
            {"component_discriminator": PROJECTED, "component_learning": LearningConfig(equalized=True)},
            "component_learning.equalized",
        ),
        ({"discriminator": PROJECTED}, "penalty_weight must be 0"),
    ],
)
def test_a_projected_adversary_is_not_bounded_twice(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY_TASK, adversary=replace(TINY_ADVERSARY, **changed)).require_whole()


def test_the_restorer_does_not_teach_its_judges():
    adversary = Adversary(TINY_ADVERSARY, torch.device("cpu"))
    restored = torch.zeros(2, 3, 32, 32, requires_grad=True)
    losses, seen = adversary.restorer_losses(restored, torch.zeros(2, 3, 32, 32), a_batch().places)
    sum(losses.values()).backward()
    assert restored.grad.abs().sum() > 0
    for player in adversary.players.values():
        assert all(each.grad is None and each.requires_grad for each in player.network.parameters())
    assert not any(each.requires_grad for looks in seen.values() for look in looks for each in look)


def test_the_adversary_waits_for_its_time():
    task = tiny_task(replace(TINY_TASK, adversary=replace(TINY_ADVERSARY, first_iteration=1)))
    batch = a_batch()
    assert "loss/adversarial" not in task.step(batch, torch.Generator().manual_seed(0), 0, 1.0)
    assert "loss/adversarial" in task.step(batch, torch.Generator().manual_seed(0), 1, 1.0)


def test_the_penalty_is_computed_now_and_then():
    adversary = Adversary(TINY_ADVERSARY, torch.device("cpu"))
    real = [torch.randn(2, 3, 32, 32)]
    assert adversary._penalty(real, 0) > 0
    assert adversary._penalty(real, 1) == 0


def test_as_many_checkpoints_as_asked_are_kept_and_the_latest_is_resumed(images, tmp_path):
    run = RunFolder(tmp_path / "run", save_every_seconds=0, kept_checkpoints=2)
    run.open({})
    for _ in train(tiny_task(), TrainingFaces(images), run, replace(LOOP, iterations=5)):
        pass
    assert [each.stem for each in sorted(run.checkpoints.iterdir())] == ["0000004", "0000005"]
    (run.checkpoints / "0000005.pt").unlink()  # as its message says, of a damaged one
    assert run.resume(tiny_task()) == 4


def test_the_best_weights_are_those_with_the_lowest_score(tmp_path):
    run = RunFolder(tmp_path)
    run.open({})
    task, sheet = tiny_task(), np.zeros((8, 8, 3), np.uint8)
    for iteration, score in enumerate((0.5, 0.3, 0.4)):
        run.save(task, iteration, sheet, score)
    assert read_weights(run.best).story["iterations"] == "1"
    assert read_weights(run.weights).story == {**read_weights(run.weights).story, "iterations": "2", "score": "0.4"}


def test_a_score_falls_as_the_restorer_learns():
    task = tiny_task(replace(TINY_TASK, restorer=LearningConfig(5e-3, warmup_iterations=1, average_decay=0.5)))
    batch = a_batch(4)
    first = task.score(batch.pictures)
    for iteration in range(15):
        task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)
    assert task.score(batch.pictures) < first


def test_waiting_for_pictures_is_a_share_of_the_time(images, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.open({})
    (report,) = list(train(tiny_task(), TrainingFaces(images), run, LOOP))
    assert 0 <= report.waiting_share < 1


def test_the_learning_rate_is_halved_where_the_recipe_says_so():
    loop = LoopConfig(iterations=100, decay_share=0.0, halve_at=(60, 70))
    assert [learning_rate_decay(each, loop) for each in (0, 59, 60, 70, 100)] == [1, 1, 0.5, 0.25, 0.25]
