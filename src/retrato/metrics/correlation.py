"""How far two lists of numbers agree."""

import torch

from retrato.shapes import PerPicture


def pearson(values: PerPicture, others: PerPicture) -> float:
    """Correlation of the numbers: 1 where they lie on a rising straight line; nan where one list never varies."""
    return float(torch.corrcoef(torch.stack([values, others]).double())[0, 1])


def spearman(values: PerPicture, others: PerPicture) -> float:
    """Correlation of their ranks: 1 where both put everything in the same order; equal numbers share a mean rank."""
    return pearson(_ranks(values), _ranks(others))


def _ranks(values: PerPicture) -> PerPicture:
    _, places, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0)
    return (last - (counts - 1) / 2)[places]
