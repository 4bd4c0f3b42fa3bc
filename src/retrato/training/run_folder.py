"""What a run leaves behind: its config, numbers, previews, checkpoints and weights."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image as PillowImage

from retrato import __version__
from retrato.errors import MissingPackage, UnusableRun
from retrato.shapes import Image
from retrato.training.task import Task
from retrato.weights.store import StoredWeights, write_weights


class RunFolder:
    """Files of one run, each written to a temporary name and renamed: a stop at any moment loses nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoint = folder / "checkpoint.pt"
        self.config = folder / "config.json"
        self.weights = folder / "weights.safetensors"
        self.scalars = folder / "scalars.jsonl"

    def open(self, config: Mapping[str, Any]) -> None:
        """Make the folder, or check that it was made for the same config.

        Raises:
            UnusableRun: it belongs to a run with another config, or cannot be written.
        """
        text = json.dumps(config, indent=2)
        try:
            (self.folder / "previews").mkdir(parents=True, exist_ok=True)
            if not self.config.exists():
                self.config.write_text(text)
        except OSError as error:
            raise UnusableRun(f"cannot write to {self.folder}: {error.strerror}") from error
        differing = _differences(json.loads(self.config.read_text()), json.loads(text))
        if differing:
            raise UnusableRun(
                f"{self.folder} holds a run with other settings ({', '.join(differing)}): "
                "use the same ones, or another --run folder"
            )

    def save(self, task: Task, iteration: int, seconds: float) -> None:
        """Keep all that resuming takes."""
        players = {name: player.state() for name, player in task.players.items()}
        temporary = self.checkpoint.with_suffix(".part")
        torch.save({"iteration": iteration, "seconds": seconds, "players": players}, temporary)
        temporary.replace(self.checkpoint)

    def resume(self, task: Task) -> tuple[int, float]:
        """Put the task where the run stopped: iterations done and seconds spent; zeros for a new run.

        Raises:
            UnusableRun: the checkpoint is broken.
        """
        if not self.checkpoint.exists():
            return 0, 0.0
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            for name, player in task.players.items():
                player.restore(state["players"][name])
        except (RuntimeError, KeyError, EOFError, ValueError) as error:
            raise UnusableRun(f"{self.checkpoint} cannot be resumed: {error}") from error
        return int(state["iteration"]), float(state["seconds"])

    def save_weights(self, weights: StoredWeights, iteration: int) -> None:
        """Keep the averaged weights, for `retrato restore --weights`, with a note of where they come from."""
        recipe = json.loads(self.config.read_text()).get("recipe", "")
        story = {"recipe": recipe, "iterations": str(iteration), "retrato": __version__}
        write_weights(self.weights, replace(weights, story={**weights.story, **story}))

    def save_preview(self, sheet: Image, iteration: int) -> None:
        """Keep a preview as PNG."""
        PillowImage.fromarray(sheet).save(self.folder / "previews" / f"{iteration:07d}.png")


class ScalarLog:
    """Numbers over time, as JSON lines and for TensorBoard."""

    def __init__(self, run: RunFolder) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError:
            raise MissingPackage("tensorboard", "train") from None
        self._board = SummaryWriter(str(run.folder))
        self._lines = run.scalars.open("a")

    def add(self, numbers: Mapping[str, float], iteration: int) -> None:
        """Note numbers of an iteration."""
        self._lines.write(json.dumps({"iteration": iteration, **numbers}) + "\n")
        self._lines.flush()
        for name, number in numbers.items():
            self._board.add_scalar(name, number, iteration)

    def close(self) -> None:
        """Write what is pending."""
        self._lines.close()
        self._board.close()


def _differences(one: Any, other: Any, name: str = "") -> list[str]:
    """Dotted names of settings that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [each for key in keys for each in _differences(one.get(key), other.get(key), f"{name}.{key}".strip("."))]
    return [] if one == other else [name]
