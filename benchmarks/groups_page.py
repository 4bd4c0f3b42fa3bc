"""Who the bundled model works less well for: a section of docs/results.md, by apparent age and skin tone.

    python benchmarks/groups_page.py --valid FACES [--groups benchmarks/valid_groups.csv] [--weights bundled]

`benchmarks/results_page.py` writes the same section; this one takes minutes instead of an hour, and prints it. The CSV
has the faces' names and the columns `age`, `skin_tone` and `skin_tone_seen`. The networks that measure are taken from
the folder that RETRATO_WEIGHTS names.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from tried_faces import MODEL_TITLE, evaluated, short_title

from retrato.data import find_stored_images
from retrato.degradation import Preset
from retrato.evaluation.groups import read_groups
from retrato.evaluation.reports.markdown import ARROWS, aligned, cell, number
from retrato.evaluation.restoration import INPUT
from retrato.evaluation.result import Evaluation, row_of, with_groups
from retrato.evaluation.summary import Mean
from retrato.evaluation.trials import degraded_trial
from retrato.metrics.metric import Better
from retrato.precision import Precision
from retrato.restoration.loading import load_restorer

VALID_GROUPS = Path(__file__).with_name("valid_groups.csv")
METRICS = ("psnr", "lpips-squeezenet", "identity-mobilefacenet", "niqe")
COLUMNS = {
    "age": "Apparent age",
    "skin_tone": "Apparent skin tone, measured in the photograph",
    "skin_tone_seen": "Apparent skin tone, by eye",
}
ORDER = ("child", "young", "middle", "old", "light", "intermediate", "dark")
UNCLEAR = "unclear"
STRANGERS = "Who these faces are is not said: `--groups` takes a CSV file that does."
GROUP, OTHERS = "the group", "the others"

Asked = Callable[[Evaluation, str, str], Mean]
"""A figure of an evaluation, by metric and group."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valid", type=Path, required=True, help="good faces")
    parser.add_argument("--groups", type=Path, default=VALID_GROUPS, help="who they are, as a CSV file")
    parser.add_argument("--weights", default="bundled", help="whose results these are")
    options = parser.parse_args()
    model = load_restorer(options.weights, "cpu", Precision.FP32)
    trial = degraded_trial("good faces", find_stored_images([options.valid]), Preset.PAPER)
    print(section_of(evaluated(trial, {MODEL_TITLE: model}, METRICS), MODEL_TITLE, options.groups))


def section_of(evaluation: Evaluation, candidate: str, groups: Path) -> str:
    """Tables and what they say, for one restorer.

    Raises:
        UnusableData: the CSV file cannot be read, or lacks a column.
    """
    parts = [
        "## By apparent age and skin tone",
        f"The {len(evaluation.faces)} faces of the `{evaluation.trial.degradation}` degradation, degraded → restored, "
        "and the change with its interval (95 %, bootstrap over the group's faces). Which face is in which group: "
        "`benchmarks/valid_groups.csv`, explained in [benchmarks/results.md](../benchmarks/results.md). Groups differ "
        "in more than their name, in light, pose and source, and each face is degraded by its own draw, so that "
        "some groups had worse luck than others: the degraded figures say so. Many comparisons are made here; a "
        "difference that stands alone may be chance, and in groups this small a real one may not show.",
    ]
    by_column = {column: with_groups(evaluation, read_groups(groups, column)) for column in COLUMNS}
    for column, grouped in by_column.items():
        if groups_of(grouped):
            table = table_of(grouped, candidate)
            parts += [f"### {COLUMNS[column]}", table, *unclear_part(grouped), words_of(grouped, candidate)]
    return "\n\n".join(parts if any(map(groups_of, by_column.values())) else [parts[0], STRANGERS])


def groups_of(evaluation: Evaluation) -> list[str]:
    """Those that say something, in their natural order."""
    known = [each for each in evaluation.groups if each != UNCLEAR]
    return sorted(known, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def table_of(evaluation: Evaluation, candidate: str) -> str:
    """Rows are groups, columns metrics."""
    header = ["", "faces", *(f"{ARROWS[row_of(name).better]} {short_title(name)}" for name in METRICS)]
    rows = [["all", str(len(evaluation.faces)), *cells_of(evaluation, candidate, None)]]
    for group in groups_of(evaluation):
        count = sum(face.group == group for face in evaluation.faces)
        rows.append([group, str(count), *cells_of(evaluation, candidate, group)])
    return aligned(header, rows)


def cells_of(evaluation: Evaluation, candidate: str, group: str | None) -> Iterator[str]:
    """Before, after and the change of each metric."""
    for name in METRICS:
        before, after = (number(evaluation.mean(each, name, group).value) for each in (INPUT, candidate))
        yield f"{before} → {after}, {cell(evaluation.change(candidate, name, group), signed=True)}"


def unclear_part(evaluation: Evaluation) -> list[str]:
    """How many faces are in no group, if any."""
    count = sum(face.group in {UNCLEAR, ""} for face in evaluation.faces)
    return [f"Unclear, and only in the first row: {count}."] if count else []


def words_of(evaluation: Evaluation, candidate: str) -> str:
    """Which groups lie apart from all others together, in what they gain and in what they reach."""
    gains = apart(evaluation, lambda found, name, group: found.change(candidate, name, group), signed=True)
    reached = apart(evaluation, lambda found, name, group: found.mean(candidate, name, group), signed=False)
    return " ".join(
        [
            f"Groups whose change has an interval apart from that of all other groups together: {listed(gains)}.",
            f"The same of what is reached: {listed(reached)}.",
        ]
    )


def apart(evaluation: Evaluation, asked: Asked, *, signed: bool) -> list[str]:
    """Groups and metrics whose interval does not overlap with that of the other groups' faces; worse ones say so."""
    found = []
    for group in groups_of(evaluation):
        sides = two_sides(evaluation, group)
        for name in METRICS:
            own, others = (asked(sides, name, each) for each in (GROUP, OTHERS))
            if own.high < others.low or others.high < own.low:
                is_better = (own.value > others.value) == (row_of(name).better is Better.HIGHER)
                figures = f"{cell(own, signed=signed)}, the others {cell(others, signed=signed)}"
                found.append(f"{group} {'better' if is_better else 'worse'} by {short_title(name)} ({figures})")
    return found


def two_sides(evaluation: Evaluation, group: str) -> Evaluation:
    """One group, and all others together; faces of no clear group are in neither."""
    sides = {face.name: GROUP if face.group == group else OTHERS for face in evaluation.faces}
    unclear = {face.name for face in evaluation.faces if face.group in {UNCLEAR, ""}}
    stems = {Path(name).stem: side for name, side in sides.items() if name not in unclear}
    return with_groups(evaluation, stems)


def listed(names: list[str]) -> str:
    return "; ".join(names) or "none"


if __name__ == "__main__":
    main()
