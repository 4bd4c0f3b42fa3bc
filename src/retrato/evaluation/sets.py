"""Distances of whole sets, measured while their pictures go by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.errors import UnmeasurablePictures
from retrato.metrics.features import Extractor, FeatureKind, Features, FeatureSet, FeatureStatistics
from retrato.metrics.measuring import SetComparison, compare_sets
from retrato.metrics.metric import AnyMetric, MomentsMetric, SetMetric

Reference = FeatureSet | FeatureStatistics
Picture = Float[Tensor, "3 h w"]
"""RGB in [-1, 1]."""
PICTURES_AT_ONCE = 16
"""That a network looks at together."""
FEATURES_AT_ONCE = 256
"""How many pictures are folded into mean and covariance together."""


class SetFeatures:
    """Features of one set, batch by batch.

    Where mean and covariance are enough, the memory does not grow with the set.
    """

    def __init__(self, kind: FeatureKind, set_name: str, extract: Extractor, *, keeps_each: bool) -> None:
        """An empty set.

        Args:
            kind: which features.
            set_name: which pictures, in the words of a report.
            extract: gives the features.
            keeps_each: whether every picture's are kept: KID, precision and recall need them.
        """
        self.kind, self.set_name = kind, set_name
        self._extract, self._keeps_each = extract, keeps_each
        self._pictures: list[Picture] = []
        self._waiting: list[Features] = []
        self._folded: FeatureStatistics | None = None

    def add(self, picture: Picture) -> None:
        """One more."""
        self._pictures.append(picture)
        if len(self._pictures) == PICTURES_AT_ONCE:
            self._look()

    def found(self) -> Reference:
        """What there is now.

        Raises:
            UnmeasurablePictures: there are no pictures.
        """
        self._look()
        if self._keeps_each and self._waiting:
            return FeatureSet(self.kind, self.set_name, torch.cat(self._waiting))
        self._fold()
        if self._folded is None:
            raise UnmeasurablePictures(f"{self.set_name} has no pictures")
        return self._folded

    def _look(self) -> None:
        if self._pictures:
            self._waiting.append(self._extract(torch.stack(self._pictures)))
            self._pictures = []
        if not self._keeps_each and sum(map(len, self._waiting)) >= FEATURES_AT_ONCE:
            self._fold()

    def _fold(self) -> None:
        if self._waiting:
            new = FeatureSet(self.kind, self.set_name, torch.cat(self._waiting)).statistics
            self._folded = self._folded.joined(new) if self._folded else new
            self._waiting = []


@dataclass(frozen=True, eq=False)
class SetQuestions:
    """Which distances of sets are asked for, and to what."""

    metrics: tuple[MomentsMetric | SetMetric, ...] = ()
    extractors: Mapping[FeatureKind, Extractor] = field(default_factory=dict)
    references: Mapping[FeatureKind, Reference] = field(default_factory=dict)
    """What every set is compared with; where there is none of a kind, with the targets of the same pictures."""

    def collectors(self, set_name: str) -> tuple[SetFeatures, ...]:
        """What gathers all the features of one set that are asked for."""
        return tuple(
            SetFeatures(kind, set_name, extract, keeps_each=self._needs_each(kind))
            for kind, extract in self.extractors.items()
        )

    def _needs_each(self, kind: FeatureKind) -> bool:
        return any(isinstance(each, SetMetric) and each.features is kind for each in self.metrics)


def set_metrics(metrics: Iterable[AnyMetric]) -> tuple[MomentsMetric | SetMetric, ...]:
    """Those of sets."""
    return tuple(each for each in metrics if isinstance(each, MomentsMetric | SetMetric))


def compare_with(
    questions: SetQuestions, found: Sequence[SetFeatures], references: Mapping[FeatureKind, Reference]
) -> tuple[list[SetComparison], dict[str, str]]:
    """Every distance of one set that is asked for, and the names of those that cannot be had, with the reason."""
    comparisons, missing = [], {}
    features = {each.kind: each for each in found}
    for each in questions.metrics:
        try:
            comparisons.append(compare_sets(each, features[each.features].found(), _one_of(references, each)))
        except UnmeasurablePictures as error:
            missing[each.name] = str(error)
    return comparisons, missing


def _one_of(references: Mapping[FeatureKind, Reference], asked: MomentsMetric | SetMetric) -> Reference:
    if asked.features not in references:
        raise UnmeasurablePictures(
            f"{asked.name} has nothing of {asked.features} to compare with: give targets, or name a reference"
        )
    return references[asked.features]
