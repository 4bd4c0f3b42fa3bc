"""One side of a game: a network, its optimisers, and its average over time."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from retrato.errors import Diverged
from retrato.shapes import Scalar
from retrato.training.division import Division
from retrato.training.equalized import begin_equalized, equalized_rates
from retrato.training.muon import Muon

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class LearningConfig:
    """How a player learns: by Adam (Kingma and Ba, 2015), or in part by Muon."""

    learning_rate: float = 6e-4
    """After the warm-up."""
    betas: tuple[float, float] = (0.9, 0.99)
    """How long Adam's means of gradients and of their squares remember."""
    muon: bool = False
    """Whether matrices and kernels learn by Muon, which takes fewer pictures; Adam has the rest."""
    equalized: bool = False
    """Whether each parameter begins with the spread, and learns at the rate, of an equalised network.

    Karras et al., 2018, section 4.1.
    """
    warmup_iterations: int = 200
    """The learning rate rises linearly that long."""
    largest_gradient: float | None = 1.0
    """Longer gradients are shortened to this norm."""
    average_decay: float = 0.999
    """How much of the averaged weights each iteration keeps; less in the first iterations."""

    def __post_init__(self) -> None:
        """Refuse what Adam cannot do."""
        if not 0 < self.learning_rate <= 1:
            raise ValueError(f"learning_rate must be above 0 and at most 1, found {self.learning_rate}")
        if not all(0 <= each < 1 for each in (*self.betas, self.average_decay)):
            raise ValueError(f"betas and average_decay must be at least 0 and below 1, found {self}")
        if self.largest_gradient is not None and not self.largest_gradient > 0:
            raise ValueError(f"largest_gradient must be above 0, found {self.largest_gradient}")
        if self.muon and self.equalized:
            raise ValueError("equalized must be false with muon, whose steps do not depend on a parameter's spread")


class Player(Generic[Network]):
    """Learns by minimising losses; `average` is what to use. Parameters that need no gradient are left alone."""

    def __init__(self, network: Network, config: LearningConfig, division: Division | None = None) -> None:
        if config.equalized:
            begin_equalized(network)
        self.network = network
        self.average: Network = copy.deepcopy(network).eval().requires_grad_(False)
        self.config = config
        self.division = division or Division()
        self._learning = {name: each for name, each in network.named_parameters() if each.requires_grad}
        kernels = {name: each for name, each in self._learning.items() if config.muon and Muon.suits(each)}
        rest = {name: each for name, each in self._learning.items() if name not in kernels}
        self.optimizers: dict[str, torch.optim.Optimizer] = {  # by their names in checkpoints; Adam was alone once
            "optimizer": torch.optim.Adam(self._groups(rest), lr=config.learning_rate, betas=config.betas)
        }
        if kernels:
            self.optimizers["muon"] = Muon(kernels.values(), config.learning_rate)

    def _groups(self, parameters: Mapping[str, nn.Parameter]) -> list[dict[str, Any]]:
        """Parameters by the factor on their learning rate."""
        rates = equalized_rates(self.network) if self.config.equalized else {}
        groups: dict[float, list[Tensor]] = {}
        for name, parameter in parameters.items():
            groups.setdefault(rates.get(name, 1.0), []).append(parameter)
        return [{"params": each, "factor": factor} for factor, each in groups.items()]

    def minimize(self, losses: Iterable[Scalar], iteration: int, decay: float = 1.0) -> Tensor:
        """One step down the mean of the losses, and the norm of the gradient before clipping.

        Args:
            losses: of each part of the batch, computed when its turn comes: one is in memory at a time.
            iteration: from 0.
            decay: what the learning rate is multiplied with, besides the warm-up.

        Raises:
            Diverged: the gradient is not finite; the weights are left as they were.
        """
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        parts = 0
        for loss in losses:
            loss.backward()
            parts += 1
        norm = self._gradient_norm(parts)
        if not norm.isfinite():
            raise Diverged(
                f"the gradient of {type(self.network).__name__} in iteration {iteration} is {norm.item()}: "
                "try a smaller learning rate, or smaller weights of the adversarial losses"
            )
        warmup = min(1.0, (iteration + 1) / max(1, self.config.warmup_iterations))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * group.get("factor", 1.0) * warmup * decay
            optimizer.step()
        self._update_average(iteration)
        return norm

    def _gradient_norm(self, parts: int) -> Tensor:
        """The norm of the mean gradient of all parts and processes, which is then clipped."""
        gradients = [each.grad for each in self._learning.values() if each.grad is not None]
        if parts > 1:
            torch._foreach_div_(gradients, parts)
        self.division.average(gradients)
        most = self.config.largest_gradient
        return nn.utils.clip_grad_norm_(self._learning.values(), float("inf") if most is None else most)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let gradients pass through the network without collecting any for it."""
        for each in self._learning.values():
            each.requires_grad_(False)
        try:
            yield
        finally:
            for each in self._learning.values():
                each.requires_grad_(True)

    @torch.no_grad()
    def _update_average(self, iteration: int) -> None:
        keep = min(self.config.average_decay, (1 + iteration) / (10 + iteration))
        averaged: list[Tensor] = list(self.average.parameters())
        current: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(averaged, current, 1 - keep)
        for average, buffer in zip(self.average.buffers(), self.network.buffers(), strict=True):
            average.copy_(buffer)  # what normalisation has seen is a mean over time already

    def start_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over weights of a network of the same shape.

        Raises:
            RuntimeError: they are of another shape.
        """
        self.network.load_state_dict(tensors)
        self.average.load_state_dict(tensors)

    def state(self) -> dict[str, Any]:
        """All that resuming takes."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            **{name: each.state_dict() for name, each in self.optimizers.items()},
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for name, each in self.optimizers.items():
            each.load_state_dict(state[name])


def total(losses: Iterable[Scalar]) -> Scalar:
    """The sum of weighted losses."""
    return torch.stack(list(losses)).sum()
