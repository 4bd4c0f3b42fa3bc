"""Means of many faces, and how far they can be trusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 0
AT_ONCE = 200
"""Bounds the memory, however many faces there are."""

Numbers = Float64[Tensor, " n"]


@dataclass(frozen=True)
class Mean:
    """The mean of a metric, and the interval in which it lies with 95 % confidence, other faces given."""

    value: float
    """Nan if no face has a number; infinite if one has."""
    low: float
    """Nan, as `high`, of fewer than two numbers or of infinite ones."""
    high: float
    face_count: int
    """Of how many faces: those without a number are left out."""


def mean_of(numbers: Sequence[float]) -> Mean:
    """Mean and percentile bootstrap of it (Efron, 1979), with a fixed seed: the same numbers, the same interval."""
    known = torch.tensor([each for each in numbers if not math.isnan(each)], dtype=torch.float64)
    if not len(known):
        return Mean(math.nan, math.nan, math.nan, 0)
    if len(known) < 2 or not known.isfinite().all():
        return Mean(float(known.mean()), math.nan, math.nan, len(known))
    low, high = _resampled_means(known).quantile(torch.tensor([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).double())
    return Mean(float(known.mean()), float(low), float(high), len(known))


def change_of(before: Sequence[float], after: Sequence[float]) -> Mean:
    """Mean of what each face has gained; its interval is narrower than those of before and after suggest.

    Faces without a number, or with an infinite one, in either are left out.
    """
    gained = [new - old for old, new in zip(before, after, strict=True) if math.isfinite(old) and math.isfinite(new)]
    return mean_of(gained)


def _resampled_means(numbers: Numbers) -> Float64[Tensor, " resamples"]:
    rng = torch.Generator().manual_seed(SEED)
    count = len(numbers)
    means = [
        numbers[torch.randint(count, (AT_ONCE, count), generator=rng)].mean(1) for _ in range(RESAMPLES // AT_ONCE)
    ]
    return torch.cat(means)
