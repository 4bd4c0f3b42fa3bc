"""How well restorers do: every face of a trial, measured before and after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import torch

from retrato.evaluation.gate import IdentityGate
from retrato.evaluation.trials import Case, Face, Trial, each_case
from retrato.images.tensors import rounded
from retrato.metrics.measuring import Measures
from retrato.metrics.metric import Compares
from retrato.metrics.table import metric
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces, PerPicture

INPUT = "input"
"""The candidate that does nothing: whatever does worse should be left alone."""
TARGET = "target"
TO_INPUT = "-to-input"
"""Stands after the name of a metric that compares with the input, not with the truth."""
FACES_AT_ONCE = 8
"""Bounds the memory, however many faces there are."""


@dataclass(frozen=True, eq=False)
class MeasuredFace:
    """One face, its numbers and its pictures."""

    name: str
    numbers: Mapping[str, Mapping[str, float]]
    """By candidate and metric; nan where a metric has none."""
    pictures: Mapping[str, Face]
    """By candidate, and the target's."""


def measure_faces(
    trial: Trial,
    restorers: Mapping[str, FaceRestorer],
    measures: Measures,
    size: int,
    gate: IdentityGate | None = None,
    restored_name: str = "restored",
) -> Iterator[MeasuredFace]:
    """Restore each face of a trial by every restorer, and measure all of them and the input.

    Args:
        trial: the faces.
        restorers: by the name that stands for each in reports; all of that size. None where others have restored.
        measures: what measures.
        size: of the faces, in pixels.
        gate: whose metric is measured to the input besides.
        restored_name: who has restored what the trial has restored already.

    Raises:
        UnusableData: a file is no readable, square picture.
    """
    cases = each_case(trial, size)
    while batch := list(islice(cases, FACES_AT_ONCE)):
        inputs, restored, targets = (
            _stacked([getattr(case, kind) for case in batch]) for kind in ("input", "restored", "target")
        )
        candidates = {} if inputs is None else {INPUT: inputs}
        if inputs is not None:
            candidates |= {name: rounded(restorer(inputs)) for name, restorer in restorers.items()}
        if restored is not None:
            candidates[restored_name] = restored
        columns = {
            name: _numbers(measures, faces, targets, None if name == INPUT else inputs, gate)
            for name, faces in candidates.items()
        }
        pictures = candidates if targets is None else candidates | {TARGET: targets}
        yield from _each_face(batch, columns, pictures)


def candidate_names(trial: Trial, restorers: Iterable[str], restored_name: str = "restored") -> tuple[str, ...]:
    """Who is measured, in the order of reports."""
    names = [INPUT, *restorers] if trial.has_inputs else []
    return tuple([*names, restored_name] if trial.has_restored else names)


def _stacked(faces: Sequence[Face | None]) -> Faces | None:
    there = [each for each in faces if each is not None]
    return torch.stack(there) if there else None


def _numbers(
    measures: Measures, faces: Faces, targets: Faces | None, inputs: Faces | None, gate: IdentityGate | None
) -> dict[str, PerPicture]:
    """Of each face, by metric."""
    found = measures.of_pictures(faces)
    if targets is not None:
        found |= measures.of_pairs(faces, targets)
    if inputs is not None:
        pairs = {name: each for name, each in measures.pairs.items() if _asks_input(name, targets is not None, gate)}
        to_input = Measures(pairs, {}, {}).of_pairs(faces, inputs)
        found |= {f"{name}{TO_INPUT}": each for name, each in to_input.items()}
    return found


def _asks_input(name: str, has_targets: bool, gate: IdentityGate | None) -> bool:
    """Where the truth is not known, faces are at least to be those of the input; its pixels they are not."""
    if gate is not None and name == gate.metric_name:
        return True
    return not has_targets and metric(name).compares is Compares.FACES


def _each_face(
    batch: Sequence[Case], columns: Mapping[str, Mapping[str, PerPicture]], pictures: Mapping[str, Faces]
) -> Iterator[MeasuredFace]:
    for place, case in enumerate(batch):
        numbers = {
            candidate: {name: float(column[place]) for name, column in found.items()}
            for candidate, found in columns.items()
        }
        yield MeasuredFace(case.name, numbers, {name: faces[place] for name, faces in pictures.items()})
