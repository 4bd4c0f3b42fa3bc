"""An evaluation as Markdown: tables that are read as they are, in a terminal too."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from retrato.evaluation.generation import GenerationResult
from retrato.evaluation.restoration import INPUT
from retrato.evaluation.result import Evaluation, row_of, title_of
from retrato.evaluation.summary import Mean
from retrato.metrics.measuring import SetComparison
from retrato.metrics.metric import Better

ARROWS = {Better.HIGHER: "↑", Better.LOWER: "↓"}
NO_NUMBER = "-"
FEW_FACES = 2048
"""Fewer pictures than features: their Fréchet distance says more of their number than of their quality."""
NOTES = (
    "In brackets: where the mean lies with 95 % confidence, other faces of the same kind given (bootstrap over faces).",
)


def markdown_of(evaluation: Evaluation, level: int = 2) -> str:
    """Heading, numbers, groups, what failed the gate, what was not measured.

    Args:
        evaluation: what was found.
        level: of the heading.
    """
    parts = [
        f"{'#' * level} {title_line(evaluation)}",
        numbers_table(evaluation),
        *_sets_part(evaluation),
        *NOTES,
        *_groups_part(evaluation),
        *_gate_part(evaluation),
        *_missing_part(evaluation.missing),
    ]
    return "\n\n".join(parts) + "\n"


def title_line(evaluation: Evaluation) -> str:
    """What was measured, in a line."""
    return f"{evaluation.trial.words}: {len(evaluation.faces)} faces of {evaluation.size} px"


def numbers_table(evaluation: Evaluation) -> str:
    """A row for each metric, a column for each candidate; of a single restorer, what it changed."""
    restorers = evaluation.restorers
    with_change = INPUT in evaluation.candidates and len(restorers) == 1
    header = ["metric", *evaluation.candidates, *(["change"] if with_change else [])]
    rows = []
    for name in evaluation.metric_names:
        cells = [cell(evaluation.mean(each, name)) for each in evaluation.candidates]
        if with_change:
            cells.append(cell(evaluation.change(restorers[0], name), signed=True))
        rows.append([f"{ARROWS[row_of(name).better]} {title_of(name)}", *cells])
    return aligned(header, rows)


def cell(mean: Mean, *, signed: bool = False) -> str:
    """A mean and its interval.

    >>> cell(Mean(26.5512, 26.1, 27.04, 80)), cell(Mean(0.5, float("nan"), float("nan"), 1), signed=True)
    ('26.551 [26.100, 27.040]', '+0.500')
    """
    if mean.face_count == 0:
        return NO_NUMBER
    interval = "" if math.isnan(mean.low) else f" [{number(mean.low, signed)}, {number(mean.high, signed)}]"
    return f"{number(mean.value, signed)}{interval}"


def number(value: float, signed: bool = False, *, fine: bool = False) -> str:
    """With as many digits as somebody reads.

    >>> number(0.12345), number(1234.5), number(0.00123, fine=True), number(float("inf"))
    ('0.123', '1234.5', '0.00123', '∞')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    digits = 1 if abs(value) >= 100 else 5 if fine and abs(value) < 0.01 else 3
    return f"{value:{'+' if signed else ''}.{digits}f}"


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns stand below each other.

    >>> print(aligned(["a", "b"], [["one", "2"]]))
    | a   | b |
    |-----|---|
    | one | 2 |
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in (header, *rows)
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def sets_table(sets: Mapping[str, Sequence[SetComparison]]) -> str:
    """Distances of whole sets by candidate, with all that must be equal for them to be compared."""
    rows = [
        [
            candidate,
            title_of(each.metric),
            number(each.value, fine=True),
            str(each.features),
            str(each.picture_count),
            f"{each.reference_name}, {each.reference_count or 'number not said'}",
        ]
        for candidate, found in sets.items()
        for each in found
    ]
    return aligned(["candidate", "metric", "value", "features", "pictures", "compared with"], rows)


def generation_markdown(result: GenerationResult) -> str:
    """Of a generator."""
    parts = [f"## {result.source}: {result.count} faces of {result.size} px, seed {result.seed}"]
    if result.sets:
        parts += [sets_table({result.source: result.sets}), *_few(result.count)]
    if result.path_length is not None:
        length = result.path_length
        parts.append(f"{title_of(length.metric)}: {number(length.value)} ({length.steps} steps)")
    return "\n\n".join([*parts, *_missing_part(result.missing)]) + "\n"


def _sets_part(evaluation: Evaluation) -> list[str]:
    if not any(evaluation.sets.values()):
        return []
    return [sets_table(evaluation.sets), *_few(len(evaluation.faces))]


def _few(count: int) -> list[str]:
    if count >= FEW_FACES:
        return []
    return [f"Of {count} pictures, Fréchet distances are to be compared within this table only; KID has no such bias."]


def _groups_part(evaluation: Evaluation) -> list[str]:
    if not evaluation.groups:
        return []
    names = evaluation.metric_names
    sizes = Counter(face.group for face in evaluation.faces)
    rows = [
        [group, str(sizes[group]), each, *(cell(evaluation.mean(each, name, group)) for name in names)]
        for group in evaluation.groups
        for each in evaluation.candidates
    ]
    return ["By group:", aligned(["group", "faces", "candidate", *names], rows)]


def _gate_part(evaluation: Evaluation) -> list[str]:
    if evaluation.gate is None:
        return []
    lines = [f"Identity gate: {evaluation.gate.words}."]
    for each in evaluation.restorers:
        failed = evaluation.gate_failures(each)
        some = f": {', '.join(failed[:10])}{', …' if len(failed) > 10 else ''}" if failed else ""
        lines.append(f"- {each}: {len(failed)} of {len(evaluation.faces)} faces fail{some}")
    return ["\n".join(lines)]


def _missing_part(missing: Mapping[str, str]) -> list[str]:
    if not missing:
        return []
    return ["Not measured:", "\n".join(f"- {line}" for line in missing_lines(missing))]


def missing_lines(missing: Mapping[str, str]) -> list[str]:
    """What was not measured, and why; reasons may begin with the name themselves.

    >>> missing_lines({"fid": "fid needs a file", "kid": "too few pictures"})
    ['fid needs a file', 'kid: too few pictures']
    """
    return [reason if reason.startswith(name) else f"{name}: {reason}" for name, reason in missing.items()]
