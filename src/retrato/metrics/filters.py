"""Filters that are the same along rows and columns, applied along one after the other."""

import math
from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def gaussian(deviation: float, taps: int) -> tuple[float, ...]:
    """So many taps of a Gaussian, around its middle; their sum is 1.

    >>> [round(tap, 3) for tap in gaussian(1.0, 3)]
    [0.274, 0.452, 0.274]
    """
    values = [math.exp(-((tap - (taps - 1) / 2) ** 2) / (2 * deviation**2)) for tap in range(taps)]
    return tuple(value / sum(values) for value in values)


def filtered(maps: Float[Tensor, "n c _ _"], taps: Sequence[float], stride: int = 1) -> Float[Tensor, "n c _ _"]:
    """Each map filtered where the filter lies within it, so that it becomes smaller."""
    kernel = maps.new_tensor(taps)
    separate = maps.reshape(1, -1, *maps.shape[2:])  # a group for each map: several times as fast on CPUs as a batch
    groups = separate.shape[1]
    row, column = kernel.expand(groups, 1, 1, -1), kernel[:, None].expand(groups, 1, -1, 1)
    along_rows = F.conv2d(separate, row, stride=(1, stride), groups=groups)
    both = F.conv2d(along_rows, column, stride=(stride, 1), groups=groups)
    return both.reshape(*maps.shape[:2], *both.shape[2:])
