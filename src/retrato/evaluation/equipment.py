"""What is measured with, made ready before the first face; what cannot be had is named, and the others go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from retrato.errors import UnavailableWeights
from retrato.evaluation.gate import PUBLISHED_METRIC, STAND_IN_METRIC, IdentityGate
from retrato.evaluation.references import TARGETS, read_reference
from retrato.evaluation.sets import SetQuestions, set_metrics
from retrato.metrics.features import load_extractor
from retrato.metrics.measuring import CPU, Measures, available, load_measures
from retrato.metrics.metric import AnyMetric, GeneratorMetric, MomentsMetric, SetMetric
from retrato.metrics.table import METRICS, metric

STANDARD = ("psnr", "ssim", "lpips-squeezenet", "identity-mobilefacenet", "niqe")
"""What is always asked for unless others are named: small files, which are fetched if they are not here."""


@dataclass(frozen=True, eq=False)
class Equipment:
    """All that measures."""

    measures: Measures
    """Of single faces."""
    sets: SetQuestions
    missing: Mapping[str, str]
    """Name of a metric that was asked for, and why it cannot be measured."""


def chosen_metrics(names: Sequence[str] = ()) -> tuple[AnyMetric, ...]:
    """The metrics of those names; of none, the standard ones and all others of single faces that are at hand.

    Raises:
        UnknownMetric: a name is no metric.
    """
    if names:
        return tuple(dict.fromkeys(metric(name) for name in names))
    at_hand = {each.name for each in available(METRICS).ready if not _is_of_sets(each)}
    return tuple(each for each in METRICS if each.name in at_hand.union(STANDARD))


def equip(
    metrics: Iterable[AnyMetric],
    reference: str = TARGETS,
    size: int | None = None,
    device: torch.device = CPU,
) -> Equipment:
    """Read what the metrics need; nothing is fetched.

    Args:
        metrics: what is asked for.
        reference: what sets are compared with: `targets`, `ffhq-512`, a file of statistics, or a folder of faces.
        size: in pixels, to which faces of such a folder are brought.
        device: where networks compute.

    Raises:
        RetratoError: the reference cannot be read; published statistics that are nowhere only leave sets unmeasured.
    """
    found = available(metrics)
    singles = load_measures([each for each in found.ready if not _is_of_sets(each)], device)
    of_sets = set_metrics(found.ready)
    extractors = {each.features: load_extractor(each.features, device) for each in of_sets}
    questions = SetQuestions(of_sets, extractors)
    missing = {**found.missing, **singles.missing}
    if of_sets and reference != TARGETS:
        try:
            questions = replace(questions, references=read_reference(reference, questions, size))
        except UnavailableWeights as error:
            questions = SetQuestions()
            missing |= {each.name: str(error) for each in of_sets}
    return Equipment(singles, questions, missing)


def gate_for(least_cosine: float, names: Iterable[str]) -> IdentityGate | None:
    """The identity gate with the published network, if that is among what can be measured, or else with a stand-in."""
    there = set(names)
    chosen = next((name for name in (PUBLISHED_METRIC, STAND_IN_METRIC) if name in there), None)
    return None if chosen is None else IdentityGate(least_cosine, chosen)


def _is_of_sets(each: AnyMetric) -> bool:
    return isinstance(each, MomentsMetric | SetMetric | GeneratorMetric)
