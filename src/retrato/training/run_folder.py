"""What a run leaves behind: its config, numbers, previews, checkpoints and weights."""

import json
import pickle
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import UInt8
from PIL import Image as PillowImage
from torch import Tensor

from retrato import __version__
from retrato.errors import MissingPackage, UnusableRun
from retrato.training.task import Task
from retrato.weights.store import StoredWeights, write_weights
from retrato.whole_files import written_whole

UNREADABLE = (
    AttributeError,
    LookupError,
    EOFError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)
"""What torch raises, depending on how a checkpoint is damaged or foreign."""


class RunFolder:
    """Files of one run, each there whole or not at all: a stop at any moment loses nothing that was saved."""

    def __init__(self, folder: Path, save_every_seconds: float = 600) -> None:
        self.folder = folder
        self.checkpoint = folder / "checkpoint.pt"
        self.config = folder / "config.json"
        self.weights = folder / "weights.safetensors"
        self.scalars = folder / "scalars.jsonl"
        self.save_every_seconds = save_every_seconds
        self._saved = time.monotonic()

    def open(self, config: Mapping[str, Any]) -> None:
        """Make the folder, or check that it was made for the same config.

        Raises:
            UnusableRun: it belongs to a run with another config, or cannot be written.
        """
        text = json.dumps(config, indent=2)
        with self.in_words():
            (self.folder / "previews").mkdir(parents=True, exist_ok=True)
            if not self.config.exists():
                with written_whole(self.config) as temporary:
                    temporary.write_text(text)
        differing = _differences(self._read_config(), json.loads(text))
        if differing:
            raise UnusableRun(
                f"{self.folder} holds a run with other settings ({', '.join(differing)}): "
                "use the same ones, or another --run folder"
            )

    def save(self, task: Task, iteration: int, preview: UInt8[Tensor, "n 3 s s"]) -> None:
        """Keep all that resuming takes, the averaged weights for use, and a preview of what they do.

        Raises:
            UnusableRun: the folder cannot be written, or the disk is full; what was saved before is kept.
        """
        players = {name: player.state() for name, player in task.players.items()}
        with self.in_words():
            with written_whole(self.checkpoint) as temporary:
                torch.save({"iteration": iteration, "players": players}, temporary)
            write_weights(self.weights, self._with_story(task.weights(), iteration))
            with written_whole(self.folder / "previews" / f"{iteration:07d}.png") as temporary:
                PillowImage.fromarray(task.preview(preview)).save(temporary, "PNG")
        self._saved = time.monotonic()

    def is_saving_due(self) -> bool:
        """Whether the last save, or the start, is long ago."""
        return time.monotonic() - self._saved > self.save_every_seconds

    def resume(self, task: Task) -> int:
        """Put the task where the run stopped: how many iterations are done; 0 for a new run.

        Raises:
            UnusableRun: the checkpoint is broken.
        """
        if not self.checkpoint.exists():
            return 0
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            for name, player in task.players.items():
                player.resume(state["players"][name])
            return int(state["iteration"])
        except UNREADABLE as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UnusableRun(
                f"{self.checkpoint} is damaged or belongs to something else ({reason}): delete it to begin anew"
            ) from error

    def _read_config(self) -> Any:
        try:
            return json.loads(self.config.read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise UnusableRun(f"{self.config} is damaged ({error}): use another --run folder") from error

    def _with_story(self, weights: StoredWeights, iteration: int) -> StoredWeights:
        story = {"recipe": self._read_config().get("recipe", ""), "iterations": str(iteration), "retrato": __version__}
        return replace(weights, story={**weights.story, **story})

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say in words for people why something here could not be written."""
        try:
            yield
        except OSError as error:
            raise UnusableRun(f"cannot write to {self.folder}: {error.strerror or error}") from error
        except RuntimeError as error:
            if "PytorchStreamWriter" not in str(error) and "inline_container" not in str(error):
                raise
            raise UnusableRun(f"cannot write to {self.folder}: the disk is full, or the folder is gone") from error


class ScalarLog:
    """Numbers over time, as JSON lines and for TensorBoard."""

    def __init__(self, run: RunFolder, done: int) -> None:
        """Go on after `done` iterations; what a killed run noted beyond its last checkpoint is dropped.

        Raises:
            MissingPackage: tensorboard is not installed.
            UnusableRun: the numbers cannot be written.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError:
            raise MissingPackage("tensorboard", "train") from None
        with run.in_words():
            kept = run.scalars.read_text().splitlines() if run.scalars.exists() else []
            kept = [line for line in kept if _iteration_of(line) <= done]
            with written_whole(run.scalars) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in kept))
            self._board = SummaryWriter(str(run.folder), purge_step=done + 1)
            self._lines = run.scalars.open("a")
        self._run = run

    def add(self, numbers: Mapping[str, float], iteration: int) -> None:
        """Note numbers of an iteration.

        Raises:
            UnusableRun: they cannot be written.
        """
        with self._run.in_words():
            self._lines.write(json.dumps({"iteration": iteration, **numbers}) + "\n")
            self._lines.flush()
            for name, number in numbers.items():
                self._board.add_scalar(name, number, iteration)

    def close(self) -> None:
        """Write what is pending."""
        self._lines.close()
        self._board.close()


def _iteration_of(line: str) -> float:
    """Of a line of numbers; of half a line, which a killed run may leave, none that anything could come before."""
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, LookupError, TypeError):
        return float("inf")


def _differences(one: Any, other: Any, name: str = "") -> list[str]:
    """Dotted names of settings that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [each for key in keys for each in _differences(one.get(key), other.get(key), f"{name}.{key}".strip("."))]
    return [] if one == other else [name]
