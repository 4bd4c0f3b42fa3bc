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

from doubles import TINY_ADVERSARY, TINY_TASK, a_batch, tiny_task
from retrato.errors import UnusableRun
from retrato.training.division import Division
from retrato.training.loop import LoopConfig, TrainingFaces, train
from retrato.training.run_folder import RunFolder


def moved_weights(task):
    return torch.cat(
        [each.detach().flatten() for player in task.players.values() for each in player.network.parameters()]
    )


@pytest.mark.parametrize("adversary", [None, TINY_ADVERSARY])
def test_a_batch_in_parts_teaches_what_it_teaches_at_once(adversary):
    config = replace(TINY_TASK, adversary=adversary, restorer=replace(TINY_TASK.restorer, warmup_iterations=0))
    whole, parts = tiny_task(config), tiny_task(config, Division(parts=2))
    batch = a_batch(8)
    for iteration in range(2):
        for task in (whole, parts):
            task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)
    assert (moved_weights(whole) - moved_weights(tiny_task(config))).abs().max() > 1e-3
    assert (moved_weights(whole) - moved_weights(parts)).abs().max() < 1e-4


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


def launched(processes, faces, folder):
    """Train as torchrun does it."""
    tests = Path(__file__).parent.parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", str(port)]
    result = subprocess.run(
        [sys.executable, *launcher, str(tests / "training" / "several_processes.py"), str(faces), str(folder)],
        env={**os.environ, "PYTHONPATH": str(tests), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return RunFolder(folder)


def test_two_processes_learn_what_one_learns_from_the_same_batches(tmp_path):
    pytest.importorskip("accelerate")
    faces = tmp_path / "faces"
    faces.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (8, 4, 4, 3), np.uint8)
    for index, image in enumerate(noise):
        PIL.Image.fromarray(image).resize((32, 32)).save(faces / f"{index}.png")
    alone, together = (launched(count, faces, tmp_path / str(count)) for count in (1, 2))
    one, other = (torch.load(run.checkpoints / "0000004.pt", weights_only=True)["task"] for run in (alone, together))
    for player in one:
        for name, tensor in one[player]["network"].items():
            torch.testing.assert_close(other[player]["network"][name], tensor, rtol=0, atol=1e-4)
    assert len(together.scalars.read_text().splitlines()) == len(alone.scalars.read_text().splitlines()) == 1
