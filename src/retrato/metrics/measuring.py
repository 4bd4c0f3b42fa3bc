"""What can be measured on this machine, made ready; what cannot is named with the reason, and the others go on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from retrato.errors import RetratoError, UnmeasurablePictures
from retrato.metrics.features import FeatureKind, FeatureSet, FeatureStatistics
from retrato.metrics.metric import (
    AnyMetric,
    Metric,
    MomentsMetric,
    PairMeasure,
    PairMetric,
    PictureMeasure,
    PictureMetric,
    SetMetric,
)
from retrato.metrics.table import METRICS
from retrato.shapes import PerPicture, Pictures
from retrato.weights.catalog import published_file
from retrato.weights.copies import OFFLINE_FOLDER
from retrato.weights.download import find_here

PAIRED = "the targets of the same pictures"
"""Name of the reference set of a paired comparison, as DifFace and DynFaceRestore report it; papers that follow GFP-GAN
compare with FFHQ (`feature_files.FFHQ_512`), and find twice the distance for the same model."""

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Availability:
    """What can be measured with what is on this machine."""

    ready: tuple[AnyMetric, ...]
    missing: Mapping[str, str]
    """Name of a metric, and which files it lacks."""


def available(metrics: Iterable[AnyMetric] = METRICS) -> Availability:
    """Look for every metric's files, without reading or fetching any."""
    metrics = tuple(metrics)
    needed = {name for each in metrics for choice in each.weights for name in choice}
    here = {name for name in needed if find_here(name) is not None}
    missing = {}
    for each in metrics:
        lacking = [tuple(name for name in choice if name not in here) for choice in each.weights]
        if lacking and all(lacking):
            missing[each.name] = _reason(each, lacking)
    return Availability(tuple(each for each in metrics if each.name not in missing), missing)


@dataclass(frozen=True)
class Measures:
    """Metrics of single pictures and pairs, with their networks."""

    pairs: Mapping[str, PairMeasure]
    pictures: Mapping[str, PictureMeasure]
    missing: Mapping[str, str]
    """Name of a metric that cannot be measured here, and why."""

    def of_pairs(self, pictures: Pictures, targets: Pictures) -> dict[str, PerPicture]:
        """Numbers of each picture, by metric; nan where a metric has none for pictures of this size."""
        return {name: _numbers(measure, pictures, targets) for name, measure in self.pairs.items()}

    def of_pictures(self, pictures: Pictures) -> dict[str, PerPicture]:
        """The same of the metrics that need no target."""
        return {name: _numbers(measure, pictures) for name, measure in self.pictures.items()}


def load_measures(metrics: Iterable[AnyMetric], device: torch.device = CPU) -> Measures:
    """Make metrics of single pictures and of pairs ready, fetching files that are not here.

    Metrics of sets and of generators are left to `load_extractor`, `compare_sets` and the row's own `load`.
    """
    pairs: dict[str, PairMeasure] = {}
    pictures: dict[str, PictureMeasure] = {}
    missing: dict[str, str] = {}
    for each in metrics:
        try:
            match each:
                case PairMetric():
                    pairs[each.name] = each.load(device)
                case PictureMetric():
                    pictures[each.name] = each.load(device)
                case _:
                    pass
        except RetratoError as error:
            missing[each.name] = str(error)
    return Measures(pairs, pictures, missing)


@dataclass(frozen=True)
class SetComparison:
    """A number for two sets, with all that has to be the same for it to be compared with another."""

    metric: str
    value: float
    features: FeatureKind
    set_name: str
    picture_count: int | None
    reference_name: str
    """Which set it was compared with: numbers against two references are two scales."""
    reference_count: int | None


def compare_sets(
    metric: MomentsMetric | SetMetric, found: FeatureSet | FeatureStatistics, reference: FeatureSet | FeatureStatistics
) -> SetComparison:
    """The metric of two sets.

    Raises:
        UnmeasurablePictures: the features are of another kind than the metric's, or of a set only mean and covariance
            are known where every picture's are needed.
    """
    for each in (found, reference):
        if each.kind is not metric.features:
            raise UnmeasurablePictures(f"{metric.name} is of {metric.features}, {each.set_name} has {each.kind}")
    match metric:
        case MomentsMetric():
            value = metric.compare(_moments(found), _moments(reference))
        case SetMetric():
            value = metric.compare(_every_picture(found, metric), _every_picture(reference, metric))
    counts = found.picture_count, reference.picture_count
    return SetComparison(metric.name, value, metric.features, found.set_name, counts[0], reference.set_name, counts[1])


def _moments(found: FeatureSet | FeatureStatistics) -> FeatureStatistics:
    return found.statistics if isinstance(found, FeatureSet) else found


def _every_picture(found: FeatureSet | FeatureStatistics, metric: Metric) -> FeatureSet:
    if isinstance(found, FeatureStatistics):
        raise UnmeasurablePictures(
            f"{metric.name} needs the features of every picture of {found.set_name}, of which only mean and covariance "
            f"are known: measure fid, or collect the features of its pictures"
        )
    return found


def _numbers(measure: PairMeasure | PictureMeasure, *pictures: Pictures) -> PerPicture:
    try:
        return measure(*pictures)
    except UnmeasurablePictures:
        return torch.full((len(pictures[0]),), torch.nan)


def _reason(metric: Metric, lacking: list[tuple[str, ...]]) -> str:
    choices = " or ".join(
        " and ".join(f"{name} ({published_file(name).file_name})" for name in choice) for choice in lacking
    )
    return f"{metric.name} needs {choices}: put it into a folder and set {OFFLINE_FOLDER} to that folder"
