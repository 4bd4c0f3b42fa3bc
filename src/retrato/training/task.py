"""What the training loop asks of a model family."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.shapes import Image
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
    def players(self) -> Mapping[str, Player[Any]]:
        """All that has a state, by name."""
        ...

    def step(self, pictures: UInt8[Tensor, "n 3 s s"], rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """One update of all players.

        Args:
            pictures: 0 to 255.
            rng: of everything that chance decides in this step.
            iteration: from 0.
            decay: what the learning rate is multiplied with; 1 leaves it.
        """
        ...

    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:
        """A sheet of what the averaged weights do, for the same pictures every time."""
        ...

    def weights(self) -> StoredWeights:
        """The averaged weights, for use."""
        ...
