"""Trains a tiny task for some iterations, as one of the processes that torchrun starts: KIND FACES RUN."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from doubles import TINY_ADVERSARY, TINY_STYLEGAN2_TASK, TINY_TASK, tiny_stylegan2_task, tiny_task
from retrato.data import find_stored_images
from retrato.training.division import Division
from retrato.training.loop import LoopConfig, TrainingFaces, train
from retrato.training.run_folder import RunFolder


def main(kind: str, faces: Path, folder: Path) -> None:
    """Four iterations."""
    torch.set_num_threads(1)
    division = Division.of_this_process()
    if kind == "gfpgan":
        task = tiny_task(replace(TINY_TASK, adversary=TINY_ADVERSARY), division)
    else:
        task = tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, path_weight=0.0), division)
    run = RunFolder(folder)
    if division.is_first:
        run.open({})
    images = find_stored_images([faces])
    for _ in train(task, TrainingFaces(images, images[:2]), run, LoopConfig(iterations=4, batch_size=8)):
        pass


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
