"""An evaluation as plain values, which JSON can hold."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retrato import __version__
from retrato.evaluation.generation import GenerationResult
from retrato.evaluation.result import Evaluation, row_of, title_of
from retrato.evaluation.summary import CONFIDENCE, RESAMPLES, Mean
from retrato.metrics.measuring import SetComparison
from retrato.whole_files import written_whole

Plain = dict[str, Any]


def write_record(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """One JSON file of all, whole or not at all; what is no number is null, what is infinite a word."""
    content = {"retrato": __version__, "evaluations": [record_of(each) for each in evaluations]}
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def write_generation(path: Path, result: GenerationResult) -> None:
    """One JSON file, whole or not at all."""
    length = result.path_length
    content = {
        "retrato": __version__,
        "source": result.source,
        "count": result.count,
        "seed": result.seed,
        "size": result.size,
        "sets": [set_record(each) for each in result.sets],
        "path_length": None if length is None else {"value": plain(length.value), "steps": length.steps},
        "not_measured": dict(result.missing),
    }
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def record_of(evaluation: Evaluation) -> Plain:
    """Everything, face by face, with what the numbers mean."""
    trial, names = evaluation.trial, evaluation.metric_names
    return {
        "faces_of": trial.name,
        "degradation": trial.degradation,
        "seed": trial.seed,
        "size": evaluation.size,
        "left_out": trial.left_out,
        "candidates": list(evaluation.candidates),
        "confidence": {"level": CONFIDENCE, "resamples": RESAMPLES, "method": "percentile bootstrap over faces"},
        "metrics": {name: _meaning(name) for name in names},
        "not_measured": dict(evaluation.missing),
        "means": {each: _means(evaluation, each, None) for each in evaluation.candidates},
        "sets": {name: [set_record(each) for each in found] for name, found in evaluation.sets.items()},
        "groups": {
            group: {each: _means(evaluation, each, group) for each in evaluation.candidates}
            for group in evaluation.groups
        },
        "gate": _gate(evaluation),
        "faces": [
            {
                "name": face.name,
                **({"group": face.group} if face.group else {}),
                "numbers": {
                    who: {name: plain(each) for name, each in found.items()} for who, found in face.numbers.items()
                },
            }
            for face in evaluation.faces
        ],
    }


def set_record(comparison: SetComparison) -> Plain:
    """A distance of sets, with all that has to be the same for it to be compared with another."""
    return {
        "metric": comparison.metric,
        "value": plain(comparison.value),
        "features": comparison.features,
        "set": comparison.set_name,
        "pictures": comparison.picture_count,
        "reference": comparison.reference_name,
        "reference_pictures": comparison.reference_count,
    }


def plain(number: float) -> float | str | None:
    """As JSON can say it.

    >>> plain(0.5), plain(float("nan")), plain(float("inf"))
    (0.5, None, 'infinite')
    """
    if math.isnan(number):
        return None
    return number if math.isfinite(number) else "infinite"


def _meaning(name: str) -> Plain:
    row = row_of(name)
    return {
        "title": title_of(name),
        "better": row.better,
        "says": row.says,
        "does_not_say": row.does_not_say,
        "source": row.source,
    }


def _means(evaluation: Evaluation, candidate: str, group: str | None) -> Plain:
    return {name: _mean(evaluation.mean(candidate, name, group)) for name in evaluation.metric_names}


def _mean(mean: Mean) -> Plain:
    return {"mean": plain(mean.value), "low": plain(mean.low), "high": plain(mean.high), "faces": mean.face_count}


def _gate(evaluation: Evaluation) -> Plain | None:
    gate = evaluation.gate
    if gate is None:
        return None
    failed = {each: list(evaluation.gate_failures(each)) for each in evaluation.restorers}
    return {"metric": gate.metric_name, "least": gate.least_cosine, "words": gate.words, "failed": failed}
