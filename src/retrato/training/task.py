"""What the training loop asks of a model family."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.shapes import Image
from retrato.training.division import Division
from retrato.training.player import Player
from retrato.weights.store import StoredWeights

Terms = Mapping[str, Tensor]
"""Loss terms and other numbers of one step, by name."""


@runtime_checkable
class Task(Protocol):
    """A model family: its players and how they step."""

    @property
    def image_size(self) -> int:
        """Width and height of the pictures it learns from."""
        ...

    @property
    def framing(self) -> Framing:
        """What it takes of each picture."""
        ...

    @property
    def division(self) -> Division:
        """How batches are divided."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Who learns, by name."""
        ...

    @property
    def heavy_iterations(self) -> tuple[int, int]:
        """The first iteration in which all is computed that is computed now and then, and how many to the next."""
        ...

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """One update of all players.

        Args:
            batch: this process's share.
            rng: of everything that chance decides in this step, for the whole batch: the same in every process.
            iteration: from 0.
            decay: what the learning rate is multiplied with; 1 leaves it.
        """
        ...

    def state(self) -> dict[str, Any]:
        """All that resuming takes."""
        ...

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        ...

    def preview(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> Image:
        """A sheet of what the averaged weights do, for the same pictures every time."""
        ...

    def score(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> float | None:
        """How far the averaged weights are from perfect on pictures that were not learned; None if it cannot say."""
        ...

    def weights(self) -> StoredWeights:
        """The averaged weights, for use."""
        ...


class Numbers:
    """Means of what several parts of a batch give, by name."""

    def __init__(self) -> None:
        self._found: dict[str, list[Tensor]] = {}

    def add(self, terms: Terms, prefix: str = "") -> None:
        """Note one part's."""
        for name, term in terms.items():
            self._found.setdefault(prefix + name, []).append(term.detach())

    def means(self) -> dict[str, Tensor]:
        """Over the parts."""
        return {name: torch.stack(each).mean() for name, each in self._found.items()}


def states(players: Mapping[str, Player[Any]]) -> dict[str, Any]:
    """Of all players, by name."""
    return {name: player.state() for name, player in players.items()}


def resume_players(players: Mapping[str, Player[Any]], state: Mapping[str, Any]) -> None:
    """Go on from what `states` gave."""
    for name, player in players.items():
        player.resume(state[name])
