"""What an evaluation has found, and how it is gathered face by face."""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import PurePosixPath

from retrato.evaluation.gate import IdentityGate, failures
from retrato.evaluation.restoration import INPUT, TARGET, TO_INPUT, MeasuredFace, candidate_names
from retrato.evaluation.sets import SetFeatures, SetQuestions, compare_with
from retrato.evaluation.summary import Mean, change_of, mean_of
from retrato.evaluation.trials import Trial
from retrato.metrics.measuring import PAIRED, SetComparison
from retrato.metrics.metric import AnyMetric, Better
from retrato.metrics.table import METRICS, metric

RANKING = ("lpips-vgg16", "lpips-squeezenet", "ssim", f"identity-mobilefacenet{TO_INPUT}", "niqe", "psnr")
"""By which faces are called worse than others: the first of these that was measured."""


@dataclass(frozen=True)
class FaceNumbers:
    """One face's numbers."""

    name: str
    group: str
    """Empty without groups."""
    numbers: Mapping[str, Mapping[str, float]]
    """By candidate and metric."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that was found of the candidates of one trial."""

    trial: Trial
    size: int
    """Width and height of the faces in pixels."""
    candidates: tuple[str, ...]
    """The input first, if there is one."""
    faces: tuple[FaceNumbers, ...]
    sets: Mapping[str, Sequence[SetComparison]]
    """Distances of each candidate's pictures as a whole."""
    missing: Mapping[str, str]
    """Name of a metric that was asked for and not measured, and why."""
    shown: tuple[MeasuredFace, ...] = ()
    """The faces with pictures, the worst first."""
    gate: IdentityGate | None = None

    @property
    def restorers(self) -> tuple[str, ...]:
        """The candidates but the input."""
        return tuple(each for each in self.candidates if each != INPUT)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """What was measured of single faces, in the order of the table of metrics."""
        found = {name for face in self.faces for numbers in face.numbers.values() for name in numbers}
        return tuple(sorted(found, key=lambda name: (METRICS.index(row_of(name)), name)))

    @property
    def groups(self) -> tuple[str, ...]:
        """Names, sorted; none without groups."""
        return tuple(sorted({face.group for face in self.faces} - {""}))

    def numbers(self, candidate: str, metric_name: str, group: str | None = None) -> list[float]:
        """Of each face, or each of a group; nan where there is none."""
        faces = self.faces if group is None else [face for face in self.faces if face.group == group]
        return [face.numbers[candidate].get(metric_name, math.nan) for face in faces]

    def mean(self, candidate: str, metric_name: str, group: str | None = None) -> Mean:
        """Of all faces, or of a group."""
        return mean_of(self.numbers(candidate, metric_name, group))

    def change(self, candidate: str, metric_name: str, group: str | None = None) -> Mean:
        """What all faces, or those of a group, gained over the input, on average."""
        return change_of(self.numbers(INPUT, metric_name, group), self.numbers(candidate, metric_name, group))

    def gate_failures(self, candidate: str) -> tuple[str, ...]:
        """Faces that the gate takes for another person's, the worst first."""
        if self.gate is None:
            return ()
        name = f"{self.gate.metric_name}{TO_INPUT}"
        return failures(self.gate, {face.name: face.numbers[candidate].get(name, math.nan) for face in self.faces})


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked of measured faces."""

    sets: SetQuestions = field(default_factory=SetQuestions)
    gate: IdentityGate | None = None
    shown: int = 0
    """How many of the worst faces keep their pictures."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """What cannot be measured here, and why."""
    restored_name: str = "restored"


def gather(
    faces: Iterable[MeasuredFace], trial: Trial, restorers: Sequence[str], size: int, questions: Questions
) -> Evaluation:
    """Take in face after face; pictures are let go, but for those of the worst."""
    candidates = candidate_names(trial, restorers, questions.restored_name)
    collectors: dict[str, tuple[SetFeatures, ...]] = {
        name: questions.sets.collectors(PAIRED if name == TARGET else name) for name in (*candidates, TARGET)
    }
    found, worst = [], _Worst(questions.shown, candidates)
    for face in faces:
        found.append(FaceNumbers(face.name, "", face.numbers))
        worst.add(face)
        for name, picture in face.pictures.items():
            for each in collectors[name]:
                each.add(picture)
    sets, unmeasured = _compared(questions.sets, collectors, trial.has_targets, candidates)
    missing = {**questions.missing, **unmeasured}
    gate = questions.gate if trial.has_inputs else None
    return Evaluation(trial, size, candidates, tuple(found), sets, missing, worst.faces(), gate)


def with_groups(evaluation: Evaluation, groups: Mapping[str, str]) -> Evaluation:
    """The same, each face counted in its group besides.

    Args:
        evaluation: what was found.
        groups: by a face's name, without folders and ending.
    """
    faces = tuple(replace(face, group=groups.get(PurePosixPath(face.name).stem, "")) for face in evaluation.faces)
    return replace(evaluation, faces=faces)


def row_of(metric_name: str) -> AnyMetric:
    """The row of the metric, whatever it is measured to."""
    return metric(metric_name.removesuffix(TO_INPUT))


def title_of(metric_name: str) -> str:
    """What a report calls it."""
    row = row_of(metric_name)
    unit = f" ({row.unit})" if row.unit else ""
    return f"{row.title}{', to the input' if metric_name.endswith(TO_INPUT) else ''}{unit}"


def badness(metric_name: str, number: float) -> float:
    """Larger is worse; what has no number is worst."""
    if math.isnan(number):
        return math.inf
    return -number if row_of(metric_name).better is Better.HIGHER else number


def ranking_metric(names: Iterable[str]) -> str | None:
    """By which of these metrics faces are ordered."""
    there = list(names)
    return next((name for name in RANKING if name in there), there[0] if there else None)


class _Worst:
    """The worst faces of the first restorer so far; their number bounds the memory."""

    def __init__(self, most: int, candidates: Sequence[str]) -> None:
        self._most = most
        self._candidate = next((each for each in candidates if each != INPUT), candidates[0])
        self._heap: list[tuple[float, int, MeasuredFace]] = []
        self._place = count()

    def add(self, face: MeasuredFace) -> None:
        numbers = face.numbers[self._candidate]
        name = ranking_metric(numbers)
        bad = badness(name, numbers[name]) if name else 0.0
        heapq.heappush(self._heap, (bad, -next(self._place), face))
        if len(self._heap) > self._most:
            heapq.heappop(self._heap)

    def faces(self) -> tuple[MeasuredFace, ...]:
        return tuple(face for _, _, face in sorted(self._heap, reverse=True, key=lambda entry: entry[:2]))


def _compared(
    questions: SetQuestions,
    collectors: Mapping[str, tuple[SetFeatures, ...]],
    has_targets: bool,
    candidates: Sequence[str],
) -> tuple[dict[str, list[SetComparison]], dict[str, str]]:
    if not questions.metrics:
        return {}, {}
    targets = {each.kind: each.found() for each in collectors[TARGET]} if has_targets else {}
    references = {**targets, **questions.references}
    sets: dict[str, list[SetComparison]] = {}
    missing: dict[str, str] = {}
    for name in candidates:
        sets[name], unmeasured = compare_with(questions, collectors[name], references)
        missing |= unmeasured
    return sets, missing
