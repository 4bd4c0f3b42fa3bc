"""`retrato compare`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.evaluate import PLACE, load_named, size_option, trial_of
from retrato.cli.evaluating import Asked, asking, equipped, evaluated, report
from retrato.cli.options import preset_option, seed_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrato.restoration.restorer import FaceRestorer

BASELINES = ("lanczos", "unsharp", "denoise")
"""The values of `evaluation.baselines.Baseline`, known without loading torch."""


@click.command(name="compare")
@click.argument("weights", metavar="NAME-OR-FILE...", nargs=-1)
@click.option("--faces", type=PLACE, multiple=True, help="Good faces, to degrade; folders or tar archives.")
@click.option("--inputs", type=PLACE, multiple=True, help="Or degraded ones, or real ones.")
@click.option("--targets", type=PLACE, multiple=True, help="The truth of these, by the same names.")
@click.option("--baselines/--no-baselines", default=True, show_default=True, help="Whether all baselines take part.")
@preset_option
@seed_option
@size_option
@asking
def command(
    asked: Asked,
    weights: tuple[str, ...],
    faces: tuple[Path, ...],
    inputs: tuple[Path, ...],
    targets: tuple[Path, ...],
    baselines: bool,
    preset: str,
    seed: int,
    size: int | None,
) -> None:
    """Put restorers side by side, on the same faces degraded alike.

    Each is the bundled one, another of `retrato weights list`, a file, or a baseline: lanczos (half the size and back),
    unsharp (unsharp masking), denoise (OpenCV's non-local means). Restorers of several sizes are compared at --size.
    """
    trial = trial_of(faces, inputs, (), targets, preset, seed)
    names = dict.fromkeys([*weights, *(BASELINES if baselines else ())])
    if not names:
        raise click.UsageError("name at least one restorer")
    restorers = load_all(list(names), asked, size)
    size = next(iter(restorers.values())).size
    equipment = equipped(asked, asked.metric_names, size)
    report([evaluated(trial, restorers, equipment, asked, size=size)], asked)


def load_all(names: Sequence[str], asked: Asked, size: int | None) -> dict[str, FaceRestorer]:
    """Restorers by the names that stand for them in reports, all for faces of one size: the first model's, unless said.

    Raises:
        RetratoError: there is no such restorer.
    """
    from retrato.evaluation.baselines import TITLES, Baseline, BaselineRestorer, at_size

    models = {name: load_named(name, asked) for name in names if name not in BASELINES}
    size = size or next((each.size for each in models.values()), 512)
    found: dict[str, FaceRestorer] = {}
    titles = Counter(each.name for each in models.values())
    for name in names:
        if name in BASELINES:
            found[TITLES[Baseline(name)]] = BaselineRestorer(Baseline(name), size)
        else:
            model = models[name]
            title = model.name if titles[model.name] == 1 else f"{model.name} ({name})"
            found[title] = at_size(model, size)
    return found
