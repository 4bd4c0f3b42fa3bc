"""What every record of chance is made with."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

Values = Float[Tensor, " n"]
Range = tuple[float, float]
AnyRecord = TypeVar("AnyRecord", bound="Record")


@dataclass(frozen=True)
class Ranges:
    """What chance draws from: fields that are shares of the pictures, and fields that are ranges of a value."""

    def __post_init__(self) -> None:
        """Refuse what nothing can be drawn from."""
        for name, value in vars(self).items():
            match value:
                case (low, high) if not -math.inf < low <= high < math.inf:
                    raise ValueError(f"{name} must go from one number up to another, found {low:g} to {high:g}")
                case float() | int() if name.endswith("share"):
                    require_share(name, value)
                case _:
                    pass


def require_share(name: str, share: float) -> None:
    """Refuse what is no share of the pictures.

    Raises:
        ValueError: it is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must be from 0 to 1, found {share:g}")


def require_within(name: str, ends: Range, least: float, most: float) -> None:
    """Refuse a range that leaves the values which something can have.

    Raises:
        ValueError: it does.
    """
    if min(ends) < least or max(ends) > most:
        raise ValueError(f"{name} must be from {least:g} to {most:g}, found {ends}")


class Draws:
    """Numbers by chance, one for each picture. The same state of `rng` gives the same ones on every machine."""

    def __init__(self, rng: torch.Generator, count: int) -> None:
        self.rng = rng
        self.count = count

    def uniform(self, ends: Range, columns: int | None = None) -> Tensor:
        """Evenly between the ends: (N,), or (N, columns)."""
        low, high = ends
        shape = (self.count,) if columns is None else (self.count, columns)
        return low + (high - low) * torch.rand(shape, generator=self.rng)

    def happens(self, share: float) -> Bool[Tensor, " n"]:
        """True for about that share of the pictures."""
        return torch.rand(self.count, generator=self.rng) < share

    def seeds(self) -> Int64[Tensor, " n"]:
        """For `seeded_noise`."""
        return torch.randint(2**31, (self.count,), generator=self.rng)

    def strengths(self, share: float, ends: Range) -> Values:
        """Evenly between the ends for about that share of the pictures, 0 for the others."""
        happens = self.happens(share)
        return torch.where(happens, self.uniform(ends), torch.zeros(self.count))


@dataclass(frozen=True)
class Record:
    """What chance decided for each picture of a batch: tensors whose first letter is n, and records of such."""

    def to(self: AnyRecord, device: torch.device) -> AnyRecord:
        """The same record on another device."""
        return self._with_each(lambda values: values.to(device))

    def __getitem__(self: AnyRecord, chosen: Int64[Tensor, " _"] | Bool[Tensor, " _"] | slice) -> AnyRecord:
        return self._with_each(lambda values: values[chosen])

    def _with_each(self: AnyRecord, change: Callable[[Tensor], Tensor]) -> AnyRecord:
        return replace(
            self,
            **{
                name: value._with_each(change) if isinstance(value, Record) else change(value)
                for name, value in vars(self).items()
            },
        )
