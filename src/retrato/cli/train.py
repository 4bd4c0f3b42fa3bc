"""`retrato train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.options import device_option
from retrato.device import DeviceName, choose_device

if TYPE_CHECKING:
    from retrato.training.tasks.gfpgan import GFPGANTask


@click.command(name="train")
@click.argument("recipe_name", metavar="RECIPE")
@click.option(
    "--data",
    "places",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="Folder or tar archive of square face crops; may be repeated.",
)
@click.option(
    "--run", "folder", type=click.Path(path_type=Path), required=True, help="Where the run is kept, or resumed."
)
@click.option(
    "--preview", type=click.Path(path_type=Path, exists=True), help="Faces to show in previews, not to learn."
)
@click.option("--start-from", metavar="NAME-OR-FILE", help="Weights to begin a new run with, to train them further.")
@click.option("--iterations", type=click.IntRange(1), help="Until when to train; by default the recipe's.")
@click.option("--batch-size", type=click.IntRange(1), help="Pictures an iteration; by default the recipe's.")
@click.option("--save-minutes", type=click.FloatRange(0.1), default=10, show_default=True, help="Between checkpoints.")
@device_option
def command(
    recipe_name: str,
    places: tuple[Path, ...],
    folder: Path,
    preview: Path | None,
    start_from: str | None,
    iterations: int | None,
    batch_size: int | None,
    save_minutes: float,
    device_name: DeviceName,
) -> None:
    """Train RECIPE, such as gfpgan-256-compact, on faces, into a run folder. The same command resumes."""
    import signal
    from threading import Event

    import torch
    from tqdm import tqdm

    from retrato.data import find_stored_images
    from retrato.training.loop import train
    from retrato.training.recipes import recipe
    from retrato.training.run_folder import RunFolder
    from retrato.training.tasks.gfpgan import GFPGANTask
    from retrato.weights.load import load_lpips, load_mobilefacenet
    from retrato.weights.store import config_fields

    chosen = recipe(recipe_name)
    changes = {"iterations": iterations, "batch_size": batch_size}
    loop = replace(chosen.loop, **{name: value for name, value in changes.items() if value is not None})
    images = find_stored_images(places)
    previews = find_stored_images([preview]) if preview else None
    torch.manual_seed(loop.seed)  # of the weights that a network begins with
    task = GFPGANTask(chosen.task, load_lpips(), load_mobilefacenet(), choose_device(device_name))
    run = RunFolder(folder, save_minutes * 60)
    if start_from and not run.checkpoint.exists():
        begin_with(task, start_from)
    settings = config_fields(replace(chosen, loop=loop))
    del settings["loop"]["iterations"]  # a run may be prolonged
    run.open({"recipe": recipe_name, "start_from": start_from, **settings})

    stop = Event()
    for each in (signal.SIGINT, signal.SIGTERM):  # the iteration ends, and the state is saved, before anything stops
        signal.signal(each, lambda *_: stop.set())
    reports = train(task, images, run, loop, preview_images=previews, should_stop=stop.is_set)
    reached = 0
    with tqdm(total=loop.iterations, unit="it", dynamic_ncols=True) as bar:
        for report in reports:
            bar.initial = bar.initial or report.iteration
            bar.n = reached = report.iteration
            numbers = {name.removeprefix("loss/"): f"{value:.4f}" for name, value in report.numbers.items()}
            bar.set_postfix({"pictures/s": f"{report.pictures_per_second:.2f}", **numbers})
    if stop.is_set() and reached < loop.iterations:
        click.echo(f"stopped and saved; the same command goes on: {folder}", err=True)
        raise SystemExit(130)
    click.echo(f"trained: {run.weights}")


def begin_with(task: GFPGANTask, weights: str) -> None:
    """Give a new task's restorer weights that were trained before.

    Raises:
        UnusableWeights: they are for a network of another shape.
    """
    from retrato.errors import UnusableWeights
    from retrato.weights.load import load_gfpgan

    network = load_gfpgan(weights)
    if network.config != task.config.network:
        raise UnusableWeights(f"{weights} holds {network.config}, and the recipe is for {task.config.network}")
    task.restorer.start_from(network)
