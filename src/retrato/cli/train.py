"""`retrato train`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import FiniteFloatRange, device_option
from retrato.cli.text import counted, duration
from retrato.device import DeviceName, choose_device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from retrato.data import Framing, StoredImage
    from retrato.training.build import AnyTask
    from retrato.training.division import Division
    from retrato.training.loop import LoopConfig, Progress
    from retrato.training.recipe import Recipe


def list_recipes(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print every recipe with what its docstring says first, and end."""
    if not is_asked or context.resilient_parsing:
        return
    from retrato.training.recipes import RECIPES

    for name, make in RECIPES.items():
        click.echo("\n    ".join([name, *(make.__doc__ or "").splitlines()[:1]]))
    context.exit()


@click.command(name="train")
@click.argument("recipe_name", metavar="RECIPE")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_recipes,
    help="List all recipes, and end.",
)
@click.option(
    "--data",
    "places",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="Folder or tar archive of square face crops (for dcgan, pix2pix and cyclegan, of any pictures); may be "
    "repeated, and is for cyclegan: what to translate from, and what to.",
)
@click.option(
    "--run", "folder", type=click.Path(path_type=Path), required=True, help="Where the run is kept, or resumed."
)
@click.option(
    "--preview",
    type=click.Path(path_type=Path, exists=True),
    help="Faces that are not learned, for previews and for choosing the best weights.",
)
@click.option(
    "--components",
    type=click.Path(path_type=Path, exists=True),
    help="The published FFHQ_eye_mouth_landmarks_512.pth, for FFHQ's own files.",
)
@click.option("--start-from", metavar="NAME-OR-FILE", help="Weights to begin a new run with, to train them further.")
@click.option("--prior", metavar="NAME-OR-FILE", help="A trained StyleGAN2 to begin a new GFP-GAN's prior with.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a setting of the recipe, such as task.losses.identity=0.3; may be repeated.",
)
@click.option("--iterations", type=click.IntRange(1), help="Until when to train; by default the recipe's.")
@click.option("--batch-size", type=click.IntRange(1), help="Pictures an iteration; by default the recipe's.")
@click.option(
    "--parts",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Divide each batch, and work on one part after the other, to save memory.",
)
@click.option("--save-minutes", type=FiniteFloatRange(0), default=10, show_default=True, help="Between checkpoints.")
@click.option("--keep", type=click.IntRange(1), default=1, show_default=True, help="How many checkpoints are kept.")
@click.option("--compile", "is_compiled", is_flag=True, help="Compile the restorer: a slow start, then faster steps.")
@click.option(
    "--dry-run", is_flag=True, help="Take three steps, say what the run would cost, and leave nothing behind."
)
@device_option
def command(
    recipe_name: str,
    places: tuple[Path, ...],
    folder: Path,
    preview: Path | None,
    components: Path | None,
    start_from: str | None,
    prior: str | None,
    settings: tuple[str, ...],
    iterations: int | None,
    batch_size: int | None,
    parts: int,
    save_minutes: float,
    keep: int,
    is_compiled: bool,
    dry_run: bool,
    device_name: DeviceName,
) -> None:
    """Train RECIPE, such as gfpgan-256-compact, on faces, into a run folder. The same command resumes.

    On several GPUs or machines: torchrun --nproc-per-node 4 -m -- retrato train RECIPE ...
    """
    import torch

    from retrato.data import find_stored_images, read_ffhq_places
    from retrato.training.build import build_task, judging_weights
    from retrato.training.division import Division
    from retrato.training.loop import TrainingFaces, require_divisible, train
    from retrato.training.run_folder import RunFolder

    chosen = changed_recipe(recipe_name, settings, iterations, batch_size)
    found = [find_stored_images([place]) for place in places]
    found_others = [find_stored_images([preview])] if preview else None
    known_places = read_ffhq_places(components) if components else {}
    division = Division.of_this_process(parts, device_name is DeviceName.CPU)
    if division.is_first:  # the others wait for it where they need a file
        for name in [*judging_weights(chosen.task), start_from or "", prior or ""]:
            fetch_named(name)
    torch.manual_seed(chosen.loop.seed)  # of the weights that a network begins with
    task = build_task(chosen.task, device_of(division, device_name), division)
    images = arranged(task.framing, found)
    others = arranged(task.framing, found_others) if found_others else None
    if is_compiled:
        compile_restorer(task)
    require_divisible(chosen.loop, division)
    run = RunFolder(folder, save_minutes * 60, keep)
    if run.is_new and (start_from or prior or not dry_run):  # what a run costs can be asked before there is a prior
        begin(task, start_from, prior)
    origin = {"start_from": start_from, "prior": prior, "components": components and components.name}
    config = {"recipe": recipe_name, **origin, **settings_of(chosen)}
    if dry_run:
        run.require_same(config)
        rehearse_and_report(task, chosen.loop, len(images))
        return
    if division.is_first:
        run.open(config)
    faces = TrainingFaces(images, others, known_places)
    with stoppable() as should_stop:
        reports = train(task, faces, run, chosen.loop, should_stop=should_stop)
        show(reports, chosen.loop.iterations, division)
    if not division.is_first:
        return
    if run.iterations_done < chosen.loop.iterations:
        click.echo(f"stopped and saved; the same command goes on: {folder}", err=True)
        raise SystemExit(130)
    click.echo(f"trained: {run.weights}" + (f"; the best: {run.best}" if others and run.best.exists() else ""))


def changed_recipe(name: str, settings: tuple[str, ...], iterations: int | None, batch_size: int | None) -> Recipe:
    """The recipe of that name, as the options change it."""
    from retrato.training.recipes import recipe
    from retrato.training.settings import with_setting

    chosen = recipe(name)
    for each in settings:
        chosen = with_setting(chosen, each)
    loop = chosen.loop
    loop = replace(loop, iterations=iterations or loop.iterations, batch_size=batch_size or loop.batch_size)
    return replace(chosen, loop=loop)


def arranged(framing: Framing, found: Sequence[Sequence[StoredImage]]) -> list[StoredImage]:
    """The pictures of all places as a task takes them: single ones, pairs, or one of each kind.

    Raises:
        UnusableData: they are none of that kind.
    """
    from retrato.data import Framing, paired, unpaired

    if framing is Framing.UNPAIRED:
        return unpaired(found)
    images = list(chain.from_iterable(found))
    return paired(images) if framing is Framing.PAIR else images


def settings_of(chosen: Recipe) -> dict[str, object]:
    """What may not change when a run is resumed; it may be prolonged."""
    from retrato.weights.store import config_fields

    settings = config_fields(chosen)
    del settings["loop"]["iterations"]
    return settings


def device_of(division: Division, name: DeviceName) -> torch.device:
    """The one asked for; with several processes, this process's own GPU."""
    if division.processes == 1 or name is DeviceName.CPU:
        return choose_device(name)
    return division.device


def begin(task: AnyTask, weights: str | None, prior: str | None) -> None:
    """Give a new task the weights that were trained before, if any.

    Raises:
        UnusableSetting: the recipe freezes a prior that would be one by chance.
    """
    from retrato.errors import UnusableSetting
    from retrato.training.build import has_frozen_prior, start_from, start_from_prior

    if has_frozen_prior(task) and not weights and not prior:
        raise UnusableSetting(
            "this recipe freezes its prior, which has to come from somewhere: name a trained StyleGAN2 with --prior or "
            "a GFP-GAN with --start-from, or train the prior too: --set task.freeze_prior=false"
        )
    if weights:
        start_from(task, weights)
    if prior:
        start_from_prior(task, prior)


def compile_restorer(task: AnyTask) -> None:
    """Compile what is differentiated once."""
    from retrato.errors import UnusableSetting
    from retrato.training.tasks.gfpgan import GFPGANTask

    if not isinstance(task, GFPGANTask):
        raise UnusableSetting("--compile is for GFP-GAN recipes: a prior's regularisation cannot be compiled")
    task.restorer.network.compile()


def rehearse_and_report(task: AnyTask, loop: LoopConfig, image_count: int) -> None:
    """Say what a run would cost."""
    from retrato.training.rehearsal import rehearse

    figures = rehearse(task, loop)
    for name, count in figures.parameters.items():
        click.echo(f"{name}: {count / 1e6:.2f} million parameters")
    seen = loop.iterations * loop.batch_size / image_count
    click.echo(
        f"an iteration of {counted(loop.batch_size, 'picture')}: {figures.seconds:.2f} s on {task.device}, "
        f"{loop.batch_size / figures.seconds:.1f} pictures a second\n"
        f"peak memory: {figures.peak_mebibytes:,.0f} MiB\n"
        f"{loop.iterations} iterations: about {duration(loop.iterations * figures.seconds)}; "
        f"each of {counted(image_count, 'face')} is seen about {seen:.0f} times\n"
        "nothing was written; leave out --dry-run to train"
    )


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Whether somebody wants to stop: the iteration ends, and the state is saved, before anything stops."""
    import signal
    from threading import Event

    stop = Event()
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def show(reports: Iterator[Progress], iterations: int, division: Division) -> None:
    """Show how it goes on."""
    from tqdm import tqdm

    with tqdm(total=iterations, unit="it", dynamic_ncols=True, disable=not division.is_first) as bar:
        for report in reports:
            if division.is_first:
                bar.initial = bar.initial or report.iteration
                numbers = {name.removeprefix("loss/"): f"{value:.4f}" for name, value in report.numbers.items()}
                rates = {"pictures/s": f"{report.pictures_per_second:.2f}", "waiting": f"{report.waiting_share:.0%}"}
                bar.set_postfix({**rates, **numbers}, refresh=False)
                bar.update(report.iteration - bar.n)
