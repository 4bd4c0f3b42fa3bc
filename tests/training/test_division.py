"""How batches are divided; and what comes out is the same however they are."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from doubles import TINY_ADVERSARY, TINY_TASK, a_batch, gradients, tiny_task
from retrato.errors import UnusableRun
from retrato.training.division import Division
from retrato.training.loop import LoopConfig, TrainingFaces, train
from retrato.training.run_folder import RunFolder


@pytest.mark.parametrize("adversary", [None, TINY_ADVERSARY])
def test_a_batch_in_parts_teaches_what_it_teaches_at_once(adversary):
    config = replace(TINY_TASK, adversary=adversary)
    whole, parts = tiny_task(config), tiny_task(config, Division(parts=2))
    batch = a_batch(8)
    for task in (whole, parts):
        task.step(batch, torch.Generator().manual_seed(0), 0, 1.0)
    found = gradients(parts)
    for name, gradient in gradients(whole).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


def test_shares_and_parts_take_every_picture_once():
    batch = list(range(24))
    taken = [
        picture
        for process in range(3)
        for part in range(2)
        for picture in Division(3, process, 2).part(Division(3, process, 2).share(batch), part)
    ]
    assert sorted(taken) == batch


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path):
    task = tiny_task(division=Division(parts=3))
    with pytest.raises(UnusableRun, match="choose a multiple of 3"):
        next(train(task, TrainingFaces([]), RunFolder(tmp_path), LoopConfig(batch_size=8)))


def launch(kind, processes, faces, folder):
    """Train as torchrun does it."""
    tests = Path(__file__).parent.parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", str(port)]
    script = str(tests / "training" / "several_processes.py")
    return subprocess.run(
        [sys.executable, *launcher, script, kind, str(faces), str(folder)],
        env={**os.environ, "PYTHONPATH": str(tests), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def launched(kind, processes, faces, folder):
    result = launch(kind, processes, faces, folder)
    assert result.returncode == 0, result.stderr[-2000:]
    return RunFolder(folder)


def a_folder(parent):
    faces = parent / "faces"
    faces.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (8, 4, 4, 3), np.uint8)
    for index, image in enumerate(noise):
        PIL.Image.fromarray(image).resize((32, 32)).save(faces / f"{index}.png")
    return faces


@pytest.mark.parametrize("kind", ["gfpgan", "stylegan2"])
def test_two_processes_learn_what_one_learns_from_the_same_batches(tmp_path, kind):
    pytest.importorskip("accelerate")
    faces = a_folder(tmp_path)
    alone, together = (launched(kind, count, faces, tmp_path / str(count)) for count in (1, 2))
    one, other = (torch.load(run.checkpoints / "0000004.pt", weights_only=True)["task"] for run in (alone, together))
    for player in (each for each in one if isinstance(one[each], dict) and "optimizer" in one[each]):
        for index, kept in one[player]["optimizer"]["state"].items():  # means of the gradients, whatever the rate
            found = other[player]["optimizer"]["state"][index]["exp_avg"]
            torch.testing.assert_close(found, kept["exp_avg"], rtol=0.02, atol=1e-4 + 1e-3 * float(found.abs().max()))
    assert len(together.scalars.read_text().splitlines()) == len(alone.scalars.read_text().splitlines()) == 1


def test_a_face_that_one_process_cannot_read_stops_all_and_the_run_is_saved(tmp_path):
    pytest.importorskip("accelerate")
    faces = a_folder(tmp_path)
    (faces / "7.png").write_bytes(b"not a picture")
    result = launch("gfpgan", 2, faces, tmp_path / "run")
    assert result.returncode != 0
    assert "7.png" in result.stderr
    assert list((tmp_path / "run" / "checkpoints").glob("*.pt"))
