"""What a metric is: a row that says what its number means, and how to get it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from retrato.metrics.features import FeatureKind, FeatureSet, FeatureStatistics
from retrato.metrics.path_length import Draw, Styles
from retrato.shapes import PerPicture, Pictures

PairMeasure = Callable[[Pictures, Pictures], PerPicture]
"""Pictures and their targets in, on any device; numbers on the CPU out. Not differentiable."""
PictureMeasure = Callable[[Pictures], PerPicture]
"""The same of pictures alone."""
PathMeasure = Callable[[Draw, Styles, Styles, PerPicture], PerPicture]
"""See `path_length.path_distances`, whose LPIPS it knows."""


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Compares(StrEnum):
    """What it looks at."""

    PAIR = "a picture with its target"
    FACES = "an aligned face with its target"
    PICTURE = "a picture alone"
    FACE = "an aligned face alone"
    SETS = "two sets of pictures"
    GENERATOR = "a generator alone"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table."""

    name: str
    """As commands, files and reports spell it."""
    title: str
    unit: str
    better: Better
    compares: Compares
    weights: tuple[tuple[str, ...], ...] = ()
    """Names in the catalog: all files of one of these choices are needed; without any choice, none."""
    says: str
    does_not_say: str
    source: str


@dataclass(frozen=True, kw_only=True)
class PairMetric(Metric):
    """A number for each picture and its target."""

    load: Callable[[torch.device], PairMeasure]
    """Raises RetratoError where it cannot be measured here."""


@dataclass(frozen=True, kw_only=True)
class PictureMetric(Metric):
    """A number for each picture."""

    load: Callable[[torch.device], PictureMeasure]
    """Raises RetratoError where it cannot be measured here."""


@dataclass(frozen=True, kw_only=True)
class MomentsMetric(Metric):
    """A number for two sets, of which mean and covariance are enough."""

    features: FeatureKind
    compare: Callable[[FeatureStatistics, FeatureStatistics], float]


@dataclass(frozen=True, kw_only=True)
class SetMetric(Metric):
    """A number for two sets, of which the features of every picture are needed."""

    features: FeatureKind
    compare: Callable[[FeatureSet, FeatureSet], float]


@dataclass(frozen=True, kw_only=True)
class GeneratorMetric(Metric):
    """Numbers for steps of a generator, and one number of all of them."""

    load: Callable[[torch.device], PathMeasure]
    """Raises RetratoError where it cannot be measured here."""
    summarise: Callable[[PerPicture], float]


AnyMetric = PairMetric | PictureMetric | MomentsMetric | SetMetric | GeneratorMetric
