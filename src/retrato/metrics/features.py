"""What a set of pictures looks like to a network: features of each picture, or their mean and covariance."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from retrato.errors import UnmeasurablePictures
from retrato.networks.inception import Inception
from retrato.shapes import Pictures
from retrato.weights.judges import load_inception

Features = Float[Tensor, "_ f"]
"""One row for each picture."""
Extractor = Callable[[Pictures], Features]
Batches = Iterable[Float[Tensor, "_ 3 _ _"]]
"""Pictures, a few at a time."""


class FeatureKind(StrEnum):
    """Which features. Numbers made of two kinds are two scales."""

    INCEPTION_2048 = "inception-2048"
    """After the last block of Inception-v3 of 2015-12-05: what FID and KID mean in papers."""
    INCEPTION_768 = "inception-768"
    """After its eighth block: texture rather than content. Distances are far smaller, and are nobody else's."""

    @property
    def feature_count(self) -> int:
        """How many numbers for each picture."""
        return int(self.value.rpartition("-")[2])


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of every picture of a set; its memory grows with the set."""

    kind: FeatureKind
    set_name: str
    """Which pictures, in the words of a report: `FFHQ at 512 px`."""
    features: Features
    """Float32 on the CPU."""

    @property
    def picture_count(self) -> int:
        """How many pictures."""
        return len(self.features)

    @property
    def statistics(self) -> "FeatureStatistics":
        """Their mean and covariance."""
        return _statistics_of(self.kind, self.set_name, self.features)


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """Mean and covariance of the features of a set; of one size, however large the set."""

    kind: FeatureKind
    set_name: str
    """Which pictures, in the words of a report: `FFHQ at 512 px`."""
    picture_count: int | None
    """None where a published file does not say."""
    mean: Float64[Tensor, " f"]
    covariance: Float64[Tensor, "f f"]
    """Divided by one less than the number of pictures; nan of a single one."""

    def joined(self, other: "FeatureStatistics") -> "FeatureStatistics":
        """Of both sets together (Chan et al., 1979).

        Raises:
            UnmeasurablePictures: they are of other features or of another set, or do not say of how many pictures.
        """
        require_same_features(self, other)
        if self.picture_count is None or other.picture_count is None or self.set_name != other.set_name:
            raise UnmeasurablePictures(f"statistics of {self.set_name} and of {other.set_name} cannot be joined")
        count, shift = self.picture_count + other.picture_count, other.mean - self.mean
        between = torch.outer(shift, shift) * (self.picture_count * other.picture_count / count)
        scatter = _scatter(self) + _scatter(other) + between
        mean = self.mean + shift * (other.picture_count / count)
        return FeatureStatistics(self.kind, self.set_name, count, mean, scatter / (count - 1))


def load_extractor(kind: FeatureKind, device: torch.device) -> Extractor:
    """Gives the features of pictures, on the CPU.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
    """
    network: Inception = load_inception(kind.feature_count).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def extract(pictures: Pictures) -> Features:
        return network(pictures.to(device)).float().cpu()

    return extract


def collect_features(batches: Batches, extract: Extractor, kind: FeatureKind, set_name: str) -> FeatureSet:
    """Of all pictures of some batches.

    Raises:
        UnmeasurablePictures: there are none.
    """
    found = [extract(batch) for batch in batches]
    if not found:
        raise UnmeasurablePictures(f"{set_name} has no pictures")
    return FeatureSet(kind, set_name, torch.cat(found))


def collect_statistics(batches: Batches, extract: Extractor, kind: FeatureKind, set_name: str) -> FeatureStatistics:
    """The same in a memory that does not grow with the number of batches.

    Raises:
        UnmeasurablePictures: there are fewer than two pictures.
    """
    each = (_statistics_of(kind, set_name, extract(batch)) for batch in batches)
    found = reduce(lambda one, other: one.joined(other) if one else other, each, None)
    if found is None or (found.picture_count or 0) < 2:
        raise UnmeasurablePictures(f"{set_name} has fewer than two pictures: a set's spread needs more")
    return found


def require_same_features(one: FeatureSet | FeatureStatistics, other: FeatureSet | FeatureStatistics) -> None:
    """Refuse to compare what is not comparable.

    Raises:
        UnmeasurablePictures: they are of two kinds.
    """
    if one.kind is not other.kind:
        raise UnmeasurablePictures(
            f"{one.set_name} has features {one.kind}, {other.set_name} has {other.kind}: measure both with the same"
        )


def _statistics_of(kind: FeatureKind, set_name: str, features: Features) -> FeatureStatistics:
    values = features.double()
    mean = values.mean(0)
    centred = values - mean
    scatter = centred.T @ centred
    divisor = len(values) - 1
    return FeatureStatistics(kind, set_name, len(values), mean, scatter / divisor if divisor else scatter * torch.nan)


def _scatter(statistics: FeatureStatistics) -> Float64[Tensor, "f f"]:
    """The sum of squares around the mean; 0 of a single picture."""
    count = statistics.picture_count or 0
    return statistics.covariance * (count - 1) if count > 1 else torch.zeros_like(statistics.covariance)
