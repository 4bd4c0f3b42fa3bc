"""How a batch is divided: among processes, and within each into parts that are worked on one after the other."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from retrato.errors import MissingPackage


@runtime_checkable
class Sliceable(Protocol):
    """One value for each picture: a tensor, a record, a list."""

    def __getitem__(self, chosen: slice, /) -> Any:
        """Those of some pictures."""
        ...


Divisible = TypeVar("Divisible", bound=Sliceable)


@dataclass(frozen=True)
class Division:
    """This process among those that train together, and the parts of its share.

    Shares and parts are every so-manyth picture: then the groups of pictures that a discriminator compares with each
    other are the same however a batch is divided, as long as a part holds a multiple of a group.
    """

    processes: int = 1
    process: int = 0
    """From 0."""
    parts: int = 1

    @classmethod
    def of_this_process(cls, parts: int = 1, on_cpu: bool = False) -> "Division":
        """As torchrun has started it; alone without torchrun.

        Args:
            parts: into which its share of each batch is divided.
            on_cpu: whether several processes compute on the CPU even where there are GPUs.

        Raises:
            MissingPackage: accelerate is not installed, and torchrun has started several processes.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(parts=parts)
        try:
            from accelerate import PartialState
        except ModuleNotFoundError:
            raise MissingPackage("accelerate", "distributed") from None
        state = PartialState(cpu=on_cpu or not torch.cuda.is_available())
        return cls(state.num_processes, state.process_index, parts)

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and reports."""
        return self.process == 0

    @property
    def device(self) -> torch.device:
        """This process's own, where there are several."""
        from accelerate import PartialState

        return PartialState().device

    @property
    def smallest_batch(self) -> int:
        """A batch is a multiple of this."""
        return self.processes * self.parts

    def share(self, batch: Divisible) -> Divisible:
        """Of this process, from what holds for the whole batch."""
        return batch[self.process :: self.processes]

    def part(self, share: Divisible, part: int) -> Divisible:
        """One part of this process's share."""
        return share[part :: self.parts]

    @torch.no_grad()
    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors by their means over all processes, in place."""
        tensors = list(tensors)
        if self.processes == 1 or not tensors:
            return
        from accelerate.utils import reduce

        together = torch.cat([each.flatten() for each in tensors])
        means = reduce(together, reduction="mean").split([each.numel() for each in tensors])
        for each, mean in zip(tensors, means, strict=True):
            each.copy_(mean.view_as(each))

    def differs(self, number: int, device: torch.device) -> bool:
        """Whether the processes have different numbers, known to all."""
        mean = torch.tensor([float(number)], device=device, dtype=torch.float32)
        self.average([mean])
        return self.any(abs(mean.item() - number) > 0.25, device)

    def any(self, happens: bool, device: torch.device) -> bool:
        """Whether it happens in any process, known to all."""
        if self.processes == 1:
            return happens
        flag = torch.tensor([float(happens)], device=device)
        self.average([flag])
        return bool(flag.item() > 0)
