"""What `retrato evaluate` and `retrato compare` share: their options, and the way from a trial to its reports."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import Decorator, device_option
from retrato.device import DeviceName, choose_device
from retrato.errors import UnavailableWeights, UnwritableOutput

if TYPE_CHECKING:
    from retrato.evaluation.equipment import Equipment
    from retrato.evaluation.result import Evaluation
    from retrato.evaluation.trials import Trial
    from retrato.restoration.restorer import FaceRestorer

OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--metrics",
        default="",
        metavar="NAME,...",
        help="What to measure, by the names of docs/metrics.md; files that are not here are fetched. By default PSNR, "
        "SSIM, LPIPS, identity and NIQE, and every other metric of single faces whose files are here.",
    ),
    click.option(
        "--reference",
        default="targets",
        show_default=True,
        metavar="WHAT",
        help="What fid, kid, precision and recall compare with: targets, ffhq-512, a file of statistics, or a folder.",
    ),
    click.option("--groups", type=click.Path(path_type=Path, exists=True), help="CSV, names first: means by group."),
    click.option("--group-column", default="group", show_default=True, help="Which of its columns."),
    click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every face's numbers here."),
    click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write the tables here."),
    click.option(
        "--html",
        "html_file",
        type=click.Path(path_type=Path),
        help="Write a page with before and after here, the worst faces first; one file that needs nothing else.",
    ),
    click.option(
        "--shown", type=click.IntRange(0), default=60, show_default=True, help="How many faces that page shows."
    ),
    click.option(
        "--precision",
        type=click.Choice(["fp32", "bf16", "auto"]),
        default="fp32",
        show_default=True,
        help="What restorers compute in. Only equal ones are to be compared.",
    ),
    device_option,
)


@dataclass(frozen=True)
class Asked:
    """What the shared options say."""

    metrics: str
    reference: str
    groups: Path | None
    group_column: str
    json_file: Path | None
    markdown_file: Path | None
    html_file: Path | None
    shown: int
    precision: str
    device_name: DeviceName

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Those that are named."""
        return tuple(name for each in self.metrics.split(",") if (name := each.strip()))

    def comparing_with(self, reference: str) -> Asked:
        """The same with another reference for sets."""
        return dataclasses.replace(self, reference=reference)

    def require_writable(self) -> None:
        """Refuse before the work what could not be written after it.

        Raises:
            UnwritableOutput: a report has no folder.
        """
        for file in (self.json_file, self.markdown_file, self.html_file):
            if file and not file.parent.is_dir():
                raise UnwritableOutput(f"no folder {file.parent} to write {file.name} to: make it first")


def asking(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the shared options, as its argument `asked`."""
    fields = tuple(Asked.__dataclass_fields__)

    @functools.wraps(function)
    def call(**options: Any) -> None:
        asked = Asked(**{name: options.pop(name) for name in fields})
        asked.require_writable()
        function(asked=asked, **options)

    command: Callable[..., None] = call
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def equipped(asked: Asked, names: Sequence[str], size: int) -> Equipment:
    """Make ready what measures, and say what cannot be had; its files are fetched under a progress bar.

    Args:
        asked: the shared options.
        names: of metrics; none stands for the standard ones and what is here besides.
        size: of the faces in pixels.

    Raises:
        UnknownMetric: a name is no metric.
    """
    from retrato.evaluation.equipment import chosen_metrics, equip
    from retrato.evaluation.references import FFHQ_512
    from retrato.evaluation.reports.markdown import missing_lines

    metrics = chosen_metrics(names)
    for each in metrics:
        fetch_choice(each.weights)
    if asked.reference == FFHQ_512:
        fetch_choice([["ffhq-512-statistics"]])
    equipment = equip(metrics, asked.reference, size, choose_device(asked.device_name))
    for line in missing_lines(equipment.missing):
        click.echo(f"not measured: {line}", err=True)
    return equipment


def fetch_choice(choices: Sequence[Sequence[str]]) -> None:
    """Fetch the files of one choice, unless those of another are here; what cannot be fetched is left out."""
    from retrato.weights.download import find_here

    if not choices or any(all(find_here(name) for name in choice) for choice in choices):
        return
    try:
        for name in choices[0]:
            fetch_named(name)
    except UnavailableWeights:
        return  # it is named, with all others that are not here


def evaluated(
    trial: Trial,
    restorers: Mapping[str, FaceRestorer],
    equipment: Equipment,
    asked: Asked,
    *,
    size: int,
    least_cosine: float | None = None,
    restored_name: str = "restored",
) -> Evaluation:
    """Measure all faces of a trial, under a progress bar."""
    from tqdm import tqdm

    from retrato.evaluation.equipment import gate_for
    from retrato.evaluation.groups import read_groups
    from retrato.evaluation.restoration import measure_faces
    from retrato.evaluation.result import Questions, gather, with_groups

    groups = read_groups(asked.groups, asked.group_column) if asked.groups else {}
    gate = None if least_cosine is None else gate_for(least_cosine, equipment.measures.pairs)
    shown = asked.shown if asked.html_file else 0
    questions = Questions(equipment.sets, gate, shown, equipment.missing, restored_name)
    faces = measure_faces(trial, restorers, equipment.measures, size, gate, restored_name)
    bar = tqdm(faces, total=len(trial.entries), unit="face", desc=trial.name, disable=None)
    return with_groups(gather(iter(bar), trial, list(restorers), size, questions), groups)


def report(evaluations: Iterable[Evaluation], asked: Asked, after: str = "") -> None:
    """Show the tables, and write all reports that are asked for.

    Args:
        evaluations: what was found.
        asked: where reports go.
        after: words that stand behind the tables.
    """
    from retrato.evaluation.reports.markdown import markdown_of
    from retrato.evaluation.reports.page import write_page
    from retrato.evaluation.reports.record import write_record
    from retrato.whole_files import written_whole

    evaluations = list(evaluations)
    text = "\n".join(markdown_of(each) for each in evaluations) + (f"\n{after}\n" if after else "")
    click.echo(text, nl=False)
    if asked.json_file:
        write_record(asked.json_file, evaluations)
    if asked.markdown_file:
        with written_whole(asked.markdown_file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if asked.html_file:
        write_page(asked.html_file, evaluations)
