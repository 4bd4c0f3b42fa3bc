"""What a run leaves behind: its config, numbers, previews, checkpoints and weights."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image as PillowImage

from retrato import __version__
from retrato.errors import MissingPackage, UnusableRun, UnusableWeights
from retrato.shapes import Image
from retrato.training.task import Task
from retrato.weights.files import UNREADABLE
from retrato.weights.store import StoredWeights, read_story, write_weights
from retrato.whole_files import written_whole


class RunFolder:
    """Files of one run, each there whole or not at all: a stop at any moment loses nothing that was saved."""

    def __init__(self, folder: Path, save_every_seconds: float = 600, kept_checkpoints: int = 1) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.config = folder / "config.json"
        self.weights = folder / "weights.safetensors"
        self.best = folder / "best.safetensors"
        self.scalars = folder / "scalars.jsonl"
        self.save_every_seconds = save_every_seconds
        self.kept_checkpoints = kept_checkpoints
        self._saved = time.monotonic()

    def open(self, config: Mapping[str, Any]) -> None:
        """Make the folder, or check that it was made for the same config.

        Raises:
            UnusableRun: it belongs to a run with another config, or cannot be written.
        """
        text = json.dumps(config, indent=2)
        with self.in_words():
            for each in (self.folder / "previews", self.checkpoints):
                each.mkdir(parents=True, exist_ok=True)
            if not self.config.exists():
                with written_whole(self.config) as temporary:
                    temporary.write_text(text)
        self.require_same(config)

    def require_same(self, config: Mapping[str, Any]) -> None:
        """Check that the folder, if there is one, was made for the same config.

        Raises:
            UnusableRun: it belongs to a run with another one.
        """
        if not self.config.exists():
            return
        differing = _differences(self._read_config(), json.loads(json.dumps(config)))
        if differing:
            raise UnusableRun(
                f"{self.folder} holds a run with other settings ({', '.join(differing)}): "
                "use the same ones, or another --run folder"
            )

    def save(self, task: Task, iteration: int, preview: Image, score: float | None = None) -> None:
        """Keep all that resuming takes, the averaged weights for use, and a preview of what they do.

        Args:
            task: what learns.
            iteration: how many are done.
            preview: a sheet to look at.
            score: of the averaged weights, the lower the better; the best ones are kept.

        Raises:
            UnusableRun: the folder cannot be written, or the disk is full; what was saved before is kept.
        """
        with self.in_words():
            with written_whole(self.checkpoints / f"{iteration:07d}.pt") as temporary:
                torch.save({"iteration": iteration, "task": task.state()}, temporary)
            for old in self._saved_checkpoints()[: -self.kept_checkpoints]:
                old.unlink()
            weights = self._with_story(task.weights(), iteration, score)
            write_weights(self.weights, weights)
            if score is not None and score < self._best_score():
                write_weights(self.best, weights)
            with written_whole(self.folder / "previews" / f"{iteration:07d}.png") as temporary:
                PillowImage.fromarray(preview).save(temporary, "PNG")
        self._saved = time.monotonic()

    def is_saving_due(self) -> bool:
        """Whether the last save, or the start, is long ago."""
        return time.monotonic() - self._saved > self.save_every_seconds

    @property
    def is_new(self) -> bool:
        """Whether nothing was saved yet."""
        return not self._saved_checkpoints()

    @property
    def iterations_done(self) -> int:
        """As its last checkpoint is called; 0 for a new run."""
        return 0 if self.is_new else int(self._saved_checkpoints()[-1].stem)

    def resume(self, task: Task) -> int:
        """Put the task where the run stopped: how many iterations are done; 0 for a new run.

        Raises:
            UnusableRun: the checkpoint is broken.
        """
        if self.is_new:
            return 0
        checkpoint = self._saved_checkpoints()[-1]
        try:
            state = torch.load(checkpoint, map_location="cpu", weights_only=True)
            task.resume(state["task"])
            return int(state["iteration"])
        except UNREADABLE as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UnusableRun(
                f"{checkpoint} is damaged or belongs to something else ({reason}): "
                "delete it to go on from the one before, or to begin anew"
            ) from error

    def log(self, done: int) -> "ScalarLog":
        """Of numbers, going on after `done` iterations.

        Raises:
            MissingPackage: tensorboard is not installed.
            UnusableRun: the numbers cannot be written.
        """
        return ScalarLog(self, done)

    def _saved_checkpoints(self) -> list[Path]:
        """Oldest first."""
        return sorted(self.checkpoints.glob("*.pt"), key=lambda path: (len(path.stem), path.stem))

    def _best_score(self) -> float:
        if not self.best.exists():
            return float("inf")
        try:
            return float(read_story(self.best)["score"])
        except (UnusableWeights, LookupError, ValueError):
            return float("inf")  # a broken file is no best one

    def _read_config(self) -> Any:
        try:
            return json.loads(self.config.read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise UnusableRun(f"{self.config} is damaged ({error}): use another --run folder") from error

    def _with_story(self, weights: StoredWeights, iteration: int, score: float | None) -> StoredWeights:
        story = {"recipe": self._read_config().get("recipe", ""), "iterations": str(iteration), "retrato": __version__}
        scored = {} if score is None else {"score": f"{score:.6g}"}
        return replace(weights, story={**weights.story, **story, **scored})

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
            kept = run.scalars.read_text(errors="replace").splitlines() if run.scalars.exists() else []
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
        """Write what is pending.

        Raises:
            UnusableRun: it cannot be written.
        """
        with self._run.in_words():
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
