"""Whether restored faces are still the same people: the gate before any other number."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from retrato.metrics.metric import PairMetric
from retrato.metrics.table import metric

PUBLISHED_METRIC = "identity-adaface-ir50"
"""The network for which the published thresholds were chosen."""
STAND_IN_METRIC = "identity-mobilefacenet"
"""A network that is at hand; its cosines are others, and so are its verdicts."""
MOST_FAILURES = 10
"""Of the 450 faces of the NTIRE challenges."""


@dataclass(frozen=True)
class IdentityGate:
    """The identity check of the NTIRE challenges on real-world face restoration (Chen et al., 2025).

    Restored faces are compared with the inputs, as of real photos nobody knows the truth.
    """

    least_cosine: float
    metric_name: str = PUBLISHED_METRIC

    @property
    def is_published(self) -> bool:
        """Whether the network is the one that the threshold is for."""
        return self.metric_name == PUBLISHED_METRIC

    @property
    def words(self) -> str:
        """What is measured, so that nobody takes one network's verdict for another's."""
        network = pair_metric(self.metric_name).title
        if self.is_published:
            return f"{network}, at least {self.least_cosine:g} to the input (NTIRE's gate)"
        return f"{network} in place of AdaFace, at least {self.least_cosine:g} to the input: not NTIRE's verdict"


def failures(gate: IdentityGate, cosines: Mapping[str, float]) -> tuple[str, ...]:
    """Names of faces that are not taken for the same person, the worst first; one without a cosine fails.

    Args:
        gate: how alike they have to be.
        cosines: of each face, by name.
    """
    failed = {name: each for name, each in cosines.items() if not each >= gate.least_cosine}
    return tuple(sorted(failed, key=lambda name: -math.inf if math.isnan(failed[name]) else failed[name]))


def pair_metric(name: str) -> PairMetric:
    """The row of a metric that compares a picture with another.

    Raises:
        UnknownMetric: there is no such metric.
        TypeError: it is one of another kind.
    """
    row = metric(name)
    if not isinstance(row, PairMetric):
        raise TypeError(f"{name} does not compare two pictures")
    return row
