"""One side of a game: a network, its optimiser, and its average over time."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from retrato.errors import Diverged
from retrato.shapes import Scalar

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class AdamConfig:
    """How a player learns (Kingma and Ba, 2015)."""

    learning_rate: float = 6e-4
    """After the warm-up."""
    betas: tuple[float, float] = (0.9, 0.99)
    """How long the means of gradients and of their squares remember."""
    warmup_iterations: int = 200
    """The learning rate rises linearly that long."""
    largest_gradient: float = 1.0
    """Longer gradients are shortened to this norm."""
    average_decay: float = 0.999
    """How much of the averaged weights each iteration keeps; less in the first iterations."""


class Player(Generic[Network]):
    """Learns by minimising losses; `average` is what to use."""

    def __init__(self, network: Network, config: AdamConfig) -> None:
        self.network = network
        self.average: Network = copy.deepcopy(network).eval().requires_grad_(False)
        self.config = config
        self.optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=config.betas)

    def minimize(self, loss: Scalar, iteration: int, decay: float = 1.0) -> Tensor:
        """One step down, and the norm of the gradient before clipping.

        Args:
            loss: what to make smaller.
            iteration: from 0.
            decay: what the learning rate is multiplied with, besides the warm-up.

        Raises:
            Diverged: the loss or its gradient is not finite; the weights are left as they were.
        """
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.largest_gradient)
        if not norm.isfinite():
            raise Diverged(f"loss {loss.item()} with gradient {norm.item()} in iteration {iteration}")
        warmup = min(1.0, (iteration + 1) / max(1, self.config.warmup_iterations))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * warmup * decay
        self.optimizer.step()
        self._update_average(iteration)
        return norm

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let gradients pass through the network without collecting any for it."""
        self.network.requires_grad_(False)
        try:
            yield
        finally:
            self.network.requires_grad_(True)

    @torch.no_grad()
    def _update_average(self, iteration: int) -> None:
        keep = min(self.config.average_decay, (1 + iteration) / (10 + iteration))
        averaged: list[Tensor] = list(self.average.parameters())
        current: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(averaged, current, 1 - keep)

    def start_from(self, network: Network) -> None:
        """Take over the weights of a network of the same shape.

        Raises:
            RuntimeError: it has another shape.
        """
        self.network.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def state(self) -> dict[str, Any]:
        """All that resuming takes."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])


def total(losses: Iterable[Scalar]) -> Scalar:
    """The sum of weighted losses."""
    return torch.stack(list(losses)).sum()
