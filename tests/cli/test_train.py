import json
import os
import signal
import threading

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from doubles import TINY, TINY_CYCLEGAN_TASK, TINY_STYLEGAN2_TASK
from retrato.cli.main import retrato
from retrato.cli.train import show
from retrato.training import loop, recipes
from retrato.training.division import Division
from retrato.training.loop import LoopConfig, Progress
from retrato.training.recipe import Recipe
from retrato.training.tasks.gfpgan import GFPGANTaskConfig
from retrato.weights import judges as judging
from retrato.weights import load


@pytest.fixture
def run(tmp_path, monkeypatch, judges):
    monkeypatch.chdir(tmp_path)
    tiny = Recipe(GFPGANTaskConfig(network=TINY), LoopConfig(iterations=3, batch_size=2))
    monkeypatch.setitem(recipes.RECIPES, "tiny", lambda: tiny)
    monkeypatch.setattr("retrato.cli.train.fetch_named", lambda name: None)  # what it would fetch is not loaded
    monkeypatch.setattr(judging, "load_lpips", lambda: judges.perceptual)
    monkeypatch.setattr(judging, "load_mobilefacenet", lambda: judges.recognition)
    monkeypatch.setitem(recipes.RECIPES, "tiny-prior", lambda: Recipe(TINY_STYLEGAN2_TASK, tiny.loop))
    monkeypatch.setitem(recipes.RECIPES, "tiny-cyclegan", lambda: Recipe(TINY_CYCLEGAN_TASK, tiny.loop))
    (tmp_path / "faces").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
    for index, image in enumerate(noise):
        PIL.Image.fromarray(image).save(tmp_path / "faces" / f"{index}.png")

    def call(*arguments):
        return CliRunner().invoke(retrato, ["train", *arguments])

    return call


def test_recipes_are_listed_without_data(run):
    result = run("--list")
    assert result.exit_code == 0, result.output
    assert "gfpgan-512-simple\n    The same without" in result.output


def test_training_leaves_weights_that_can_be_used(run):
    result = run("tiny", "--data", "faces", "--run", "run")
    assert result.exit_code == 0, result.output
    assert "trained: run/weights.safetensors" in result.output
    assert load.load_gfpgan("run/weights.safetensors").config == TINY


def test_the_same_command_goes_on_for_longer_if_asked(run, tmp_path):
    run("tiny", "--data", "faces", "--run", "run")
    result = run("tiny", "--data", "faces", "--run", "run", "--iterations", "5")
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "run" / "scalars.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines] == [3, 5]


def test_a_run_is_not_resumed_with_other_settings(run):
    run("tiny", "--data", "faces", "--run", "run")
    result = run("tiny", "--data", "faces", "--run", "run", "--batch-size", "4")
    assert "loop.batch_size" in str(result.exception)


def test_an_unknown_recipe_is_refused_before_anything_is_written(run, tmp_path):
    result = run("huge", "--data", "faces", "--run", "run")
    assert "known recipes: gfpgan-512, gfpgan-512-simple" in str(result.exception)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_saved(run, tmp_path, monkeypatch, stop):
    before = signal.getsignal(stop)
    monkeypatch.setattr(loop, "LOG_ITERATIONS", 1)
    threading.Timer(1.0, os.kill, (os.getpid(), stop)).start()
    result = run("tiny", "--data", "faces", "--run", "run", "--iterations", "1000000")
    assert signal.getsignal(stop) == before
    assert result.exit_code == 130
    assert "stopped and saved" in result.output
    assert list((tmp_path / "run" / "checkpoints").glob("*.pt"))


def test_a_new_run_may_start_from_weights_trained_before(run):
    run("tiny", "--data", "faces", "--run", "first")
    options = ["--start-from", "first/weights.safetensors", "--iterations", "1"]
    result = run("tiny", "--data", "faces", "--run", "second", *options)
    assert result.exit_code == 0, result.output
    first, second = (load.load_gfpgan(f"{name}/weights.safetensors").state_dict() for name in ("first", "second"))
    # One step at the first of the warm-up's learning rates moves no weight by more than that.
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-4


def test_weights_of_another_shape_are_refused(run):
    result = run("tiny", "--data", "faces", "--run", "run", "--start-from", "bundled")
    assert "another shape than the recipe's" in str(result.exception)


def test_a_dry_run_says_what_a_run_would_cost_and_leaves_nothing(run, tmp_path):
    result = run("tiny", "--data", "faces", "--run", "run", "--dry-run")
    assert result.exit_code == 0, result.output
    for said in ("restorer: 0.0", "pictures a second", "peak memory", "3 iterations: about", "2 faces is seen"):
        assert said in result.output
    assert not (tmp_path / "run").exists()


def test_a_dry_run_is_refused_where_the_run_would_be(run):
    run("tiny", "--data", "faces", "--run", "run")
    other_settings = run("tiny", "--data", "faces", "--run", "run", "--batch-size", "4", "--dry-run")
    assert "loop.batch_size" in str(other_settings.exception)
    other_shape = run("tiny", "--data", "faces", "--run", "another", "--start-from", "bundled", "--dry-run")
    assert "another shape than the recipe's" in str(other_shape.exception)


def test_a_dry_run_needs_no_prior_yet(run):
    result = run("tiny", "--data", "faces", "--run", "run", "--set", "task.freeze_prior=true", "--dry-run")
    assert result.exit_code == 0, result.output


def test_a_setting_can_be_changed_and_is_kept_with_the_run(run, tmp_path):
    result = run("tiny", "--data", "faces", "--run", "run", "--set", "task.losses.identity=0")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "run" / "config.json").read_text())["task"]["losses"]["identity"] == 0
    assert "loss/identity" not in (tmp_path / "run" / "scalars.jsonl").read_text()


def test_a_batch_may_be_worked_on_in_parts(run):
    result = run("tiny", "--data", "faces", "--run", "run", "--parts", "2")
    assert result.exit_code == 0, result.output


def test_with_faces_that_are_not_learned_the_best_weights_are_kept(run, tmp_path):
    result = run("tiny", "--data", "faces", "--run", "run", "--preview", "faces", "--save-minutes", "0", "--keep", "2")
    assert "the best: run/best.safetensors" in result.output
    assert [each.name for each in sorted((tmp_path / "run" / "checkpoints").iterdir())] == ["0000002.pt", "0000003.pt"]
    assert load.load_gfpgan("run/best.safetensors").config == TINY


def test_a_prior_is_trained_and_starts_a_restorer(run):
    first = run("tiny-prior", "--data", "faces", "--run", "prior")
    assert first.exit_code == 0, first.output
    second = run("tiny", "--data", "faces", "--run", "restorer", "--prior", "prior/weights.safetensors")
    assert second.exit_code == 0, second.output
    assert load.load_gfpgan("restorer/weights.safetensors").config == TINY


def test_a_prior_cannot_be_compiled(run):
    assert "--compile is for GFP-GAN" in str(
        run("tiny-prior", "--data", "faces", "--run", "run", "--compile").exception
    )


def test_a_frozen_prior_has_to_come_from_somewhere(run, tmp_path):
    result = run("tiny", "--data", "faces", "--run", "run", "--set", "task.freeze_prior=true")
    assert "name a trained StyleGAN2 with --prior" in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_only_the_first_of_several_processes_shows_a_bar(capfd):
    reports = [Progress(iteration, 5.0, 0.0, {"loss/pixel": 0.5}) for iteration in (20, 40)]
    show(iter(reports), 40, Division(processes=2, process=1))
    assert capfd.readouterr().err == ""
    show(iter(reports), 40, Division(processes=2, process=0))
    assert "pixel=0.5000" in capfd.readouterr().err


def test_a_finished_run_is_finished_however_often_it_is_asked_for(run):
    for iterations in ("3", "3", "2"):
        result = run("tiny", "--data", "faces", "--run", "run", "--iterations", iterations)
        assert result.exit_code == 0, result.output
        assert "trained: run/weights.safetensors" in result.output


def test_a_dry_run_refuses_a_batch_that_cannot_be_divided(run):
    result = run("tiny", "--data", "faces", "--run", "run", "--parts", "3", "--dry-run")
    assert "choose a multiple of 3" in str(result.exception)


def test_two_kinds_of_pictures_are_learned_from_two_places(run):
    result = run("tiny-cyclegan", "--data", "faces", "--data", "faces", "--run", "run")
    assert result.exit_code == 0, result.output
    assert load.load_cyclegan("run/weights.safetensors").config == TINY_CYCLEGAN_TASK.network


def test_one_place_is_no_two_kinds(run):
    result = run("tiny-cyclegan", "--data", "faces", "--run", "run")
    assert "give two places" in str(result.exception)
