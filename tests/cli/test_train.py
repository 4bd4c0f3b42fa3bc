import json
import os
import signal
import threading

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from doubles import TINY
from retrato.cli.main import retrato
from retrato.training import loop, recipes
from retrato.training.loop import LoopConfig
from retrato.training.recipes import Recipe
from retrato.training.tasks.gfpgan import GFPGANTaskConfig
from retrato.weights import load


@pytest.fixture
def run(tmp_path, monkeypatch, judges):
    monkeypatch.chdir(tmp_path)
    tiny = Recipe(GFPGANTaskConfig(network=TINY), LoopConfig(iterations=3, batch_size=2))
    monkeypatch.setitem(recipes.RECIPES, "tiny", lambda: tiny)
    monkeypatch.setattr(load, "load_lpips", lambda: judges.perceptual)
    monkeypatch.setattr(load, "load_mobilefacenet", lambda: judges.recognition)
    (tmp_path / "faces").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
    for index, image in enumerate(noise):
        PIL.Image.fromarray(image).save(tmp_path / "faces" / f"{index}.png")

    def call(*arguments):
        return CliRunner().invoke(retrato, ["train", *arguments])

    return call


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
    assert "known recipes: gfpgan-256-compact" in str(result.exception)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_saved(run, tmp_path, monkeypatch, stop):
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(loop, "LOG_ITERATIONS", 1)
    threading.Timer(1.0, os.kill, (os.getpid(), stop)).start()
    try:
        result = run("tiny", "--data", "faces", "--run", "run", "--iterations", "1000000")
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    assert result.exit_code == 130
    assert "stopped and saved" in result.output
    assert (tmp_path / "run" / "checkpoint.pt").exists()


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
    assert "the recipe is for" in str(result.exception)
