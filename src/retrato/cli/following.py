"""A run over photos as people see it: a line for each, a bar, a summary, a report, a page."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.text import counted, shown
from retrato.errors import UnwritableOutput

if TYPE_CHECKING:
    from typing import IO

    from retrato.restoration.folders.contact_sheet import ContactSheet
    from retrato.restoration.report import PhotoReport


def follow(reports: Generator[PhotoReport], count: int, lines_path: Path | None, sheet_path: Path | None) -> bool:
    """Go through a run, and show and write what becomes of each photo; whether all are restored.

    Args:
        reports: of the photos; closed when the run is stopped.
        count: of the photos.
        lines_path: where a line of JSON for each goes.
        sheet_path: where the page goes that shows them.

    Raises:
        UnwritableOutput: the report or the page cannot be written.
    """
    from tqdm import tqdm

    started, summary = time.perf_counter(), Summary()
    with ExitStack() as stack:
        lines = stack.enter_context(_lines(lines_path)) if lines_path else None
        sheet = stack.enter_context(_sheet(sheet_path)) if sheet_path else None
        stack.enter_context(_ending_as_by_keyboard())
        bar = stack.enter_context(tqdm(total=count, unit="photo", disable=None if count > 1 else True))
        try:
            with closing(reports):
                for each in reports:
                    summary.add(each)
                    bar.write(told(each), file=sys.stdout if each.is_there else sys.stderr)
                    bar.update()
                    if lines:
                        lines.write(json.dumps(each.record()) + "\n")
                        lines.flush()
                    if sheet:
                        sheet.add(each)
        except KeyboardInterrupt:
            bar.close()
            click.echo(
                f"stopped after {summary.photos} of {count}; what is written is whole, and --resume goes on", err=True
            )
            raise SystemExit(130) from None
    click.echo(summary.told(count, time.perf_counter() - started))
    return summary.are_all_there


class Summary:
    """How many of what."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._faces = self._guessed = self._left = 0
        self.are_all_there = True

    @property
    def photos(self) -> int:
        """Photos that are gone through."""
        return self._outcomes.total()

    def add(self, report: PhotoReport) -> None:
        """Count one in."""
        self._outcomes[report.outcome.value] += 1
        self.are_all_there = self.are_all_there and report.is_there
        if report.outcome.value == "restored":
            self._faces += len(report.restored)
            self._guessed += len(report.largely_guessed)
            self._left += len(report.left)

    def told(self, count: int, seconds: float) -> str:
        """In one line, and a table where there is more to say."""
        restored = self._outcomes["restored"]
        line = f"restored {counted(self._faces, 'face')} in {restored} of {counted(count, 'photo')} in {seconds:.1f} s"
        others = [name for name in ("done before", "no face", "failed") if self._outcomes[name]]
        if count == 1 or not (others or self._guessed or self._left):
            return line
        rows = [(name, self._outcomes[name]) for name in ("restored", *others)] + [("faces restored", self._faces)]
        rows += [("  largely guessed", self._guessed)] if self._guessed else []
        rows += [("faces left as found", self._left)] if self._left else []
        width = max(len(name) for name, _ in rows)
        return "\n".join([line, *(f"  {name:<{width}}  {number:>6}" for name, number in rows)])


def told(report: PhotoReport) -> str:
    """What became of a photo: how many faces, what each step took, which faces were left, what is not in the result."""
    if not report.is_there:
        return f"not done: {shown(report.reason)}"
    names = f"{shown(report.source)} -> {shown(report.target)}"
    if report.outcome.value == "done before":
        return f"{names}: done before"
    from retrato.restoration.photo_file import how_far_trusted, why_left

    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in report.seconds.items())
    several = report.pages > 1
    where = f" on {counted(report.pages, 'page')}" if several else ""
    why = "; ".join(why_left(report.left, several=several))
    left = f"; {counted(len(report.left), 'face')} left as found: {why}" if report.left else ""
    trust = "; ".join(how_far_trusted(report.largely_guessed, several=several))
    guessed = f"; {counted(len(report.largely_guessed), 'face')} largely guessed: {trust}" if trust else ""
    notes = "".join(f"\n  note: {shown(note)}" for note in report.notes)
    return f"{names}: {counted(len(report.restored), 'face')}{where} ({steps}){guessed}{left}{notes}"


@contextmanager
def _lines(path: Path) -> Iterator[IO[str]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise UnwritableOutput(f"cannot write {path}: {error.strerror or error}; choose another name") from error


@contextmanager
def _sheet(path: Path) -> Iterator[ContactSheet]:
    from retrato.restoration.folders.contact_sheet import contact_sheet

    with contact_sheet(path, "Before and after") as sheet:
        yield sheet


@contextmanager
def _ending_as_by_keyboard() -> Iterator[None]:
    """A process that is asked to end (SIGTERM) stops as if by Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
