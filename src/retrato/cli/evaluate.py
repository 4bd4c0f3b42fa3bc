"""`retrato evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.evaluating import Asked, asking, equipped, evaluated, fetch_choice, report
from retrato.cli.fetching import fetch_named
from retrato.cli.options import (
    FiniteFloatRange,
    device_option,
    precision_from,
    preset_option,
    seed_option,
    weights_option,
)
from retrato.cli.text import counted
from retrato.device import DeviceName, choose_device
from retrato.errors import UnwritableOutput

if TYPE_CHECKING:
    from retrato.evaluation.result import Evaluation
    from retrato.evaluation.sources import FaceSource
    from retrato.evaluation.trials import Trial
    from retrato.restoration.restorer import FaceRestorer

PROTOCOLS = ("celeba-test", "celeba-style", "real-photos", "ntire")
"""The values of `evaluation.protocols.ProtocolName`, known without loading torch."""
PLACE = click.Path(path_type=Path, exists=True)
FILE = click.Path(path_type=Path)

size_option = click.option(
    "--size", type=click.IntRange(16, 4096), help="Of the faces in pixels; by default the restorer's."
)


@click.group(name="evaluate")
def command() -> None:
    """Measure restorers and generators of faces, with the metrics of the papers."""


@command.command()
@click.argument("faces", metavar="[FACES...]", type=PLACE, nargs=-1)
@click.option("--inputs", type=PLACE, multiple=True, help="Degraded faces, or real ones: restored now, and compared.")
@click.option("--restored", type=PLACE, multiple=True, help="Faces that somebody has restored: measured as they are.")
@click.option("--targets", type=PLACE, multiple=True, help="The truth of these, by the same names.")
@weights_option
@preset_option
@seed_option
@size_option
@asking
def restoration(
    asked: Asked,
    faces: tuple[Path, ...],
    inputs: tuple[Path, ...],
    restored: tuple[Path, ...],
    targets: tuple[Path, ...],
    weights: str,
    preset: str,
    seed: int,
    size: int | None,
) -> None:
    """Measure a restorer, or what one has made.

    FACES are folders or tar archives of good, square faces that the model has never seen: they are degraded, restored
    and compared with themselves. Or name --inputs to restore, with their --targets or without (real photos: then faces
    are compared with the input), or what is --restored already, with --targets, --inputs, both or neither.
    """
    from retrato.evaluation.baselines import at_size
    from retrato.evaluation.trials import own_size

    trial = trial_of(faces, inputs, restored, targets, preset, seed)
    restorer = None if restored else load_named(weights, asked)
    size = size or (own_size(trial) if restorer is None else restorer.size)
    restorers = {} if restorer is None else {restorer.name: at_size(restorer, size)}
    equipment = equipped(asked, asked.metric_names, size)
    name = ", ".join(str(each) for each in restored)
    report([evaluated(trial, restorers, equipment, asked, size=size, restored_name=name)], asked)


@command.command()
@click.argument("protocol", type=click.Choice(PROTOCOLS))
@click.argument("folder", type=PLACE)
@weights_option
@seed_option
@asking
def protocol(asked: Asked, protocol: str, folder: Path, weights: str, seed: int) -> None:
    """Measure a restorer as papers and challenges do.

    celeba-test: FOLDER holds CelebA-Test's degraded and good faces. celeba-style: FOLDER holds any good faces; they are
    degraded lightly, as in the paper, and heavily, at 512 px. real-photos: FOLDER holds LFW-Test, CelebChild and
    WebPhoto, or some of them. ntire: these, WIDER-Test and CelebA; the identity gate of the challenge.
    """
    from retrato.evaluation.baselines import at_size
    from retrato.evaluation.protocols import PROTOCOLS as KNOWN
    from retrato.evaluation.protocols import ProtocolName, stages_of

    chosen = KNOWN[ProtocolName(protocol)]
    stages = stages_of(chosen.name, folder, seed)
    restorer = load_named(weights, asked)
    restorers = {restorer.name: at_size(restorer, chosen.size)}
    if asked.reference == "targets" and chosen.compares_with_ffhq:
        asked = asked.comparing_with("ffhq-512")
    equipment = equipped(asked, asked.metric_names or chosen.metrics, chosen.size)
    found = [
        evaluated(each.trial, restorers, equipment, asked, size=chosen.size, least_cosine=each.least_cosine)
        for each in stages
    ]
    report(found, asked, after=verdict(found, restorer.name))


@command.command()
@click.argument("drawn", metavar="NAME-OR-FILE-OR-FOLDER")
@click.option(
    "--reference", required=True, metavar="WHAT", help="Compare with a folder of faces, a file of statistics, ffhq-512."
)
@click.option("--count", type=click.IntRange(2), default=1000, show_default=True, help="How many faces are drawn.")
@seed_option
@click.option(
    "--truncation",
    type=FiniteFloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of a face's distance to the mean face is kept; published numbers are of 1.",
)
@click.option("--steps", type=click.IntRange(0), default=1000, show_default=True, help="Of the path length; 0 is none.")
@click.option("--json", "json_file", type=FILE, help="Write the numbers here.")
@device_option
def generation(
    drawn: str,
    reference: str,
    count: int,
    seed: int,
    truncation: float,
    steps: int,
    json_file: Path | None,
    device_name: DeviceName,
) -> None:
    """Measure a prior, a DCGAN, or a folder of faces that any generator has drawn.

    FID, KID, precision and recall to the reference, on Inception's 2048 features, or on 768 where only these are here;
    of a prior also its perceptual path length.
    """
    from retrato.evaluation.generation import Extent, evaluate_generation, generator_metrics
    from retrato.evaluation.reports.markdown import generation_markdown
    from retrato.evaluation.reports.record import write_generation

    if json_file and not json_file.parent.is_dir():
        raise UnwritableOutput(f"no folder {json_file.parent} to write {json_file.name} to: make it first")
    device = choose_device(device_name)
    source = load_source(drawn, truncation, device_name)
    extent = Extent(count, seed, steps)
    metrics = generator_metrics(source, extent)
    for each in metrics:
        fetch_choice(each.weights)
    if reference == "ffhq-512":
        fetch_choice([["ffhq-512-statistics"]])
    found = evaluate_generation(source, metrics, reference, extent, device)
    click.echo(generation_markdown(found), nl=False)
    if json_file:
        write_generation(json_file, found)


def trial_of(
    faces: tuple[Path, ...],
    inputs: tuple[Path, ...],
    restored: tuple[Path, ...],
    targets: tuple[Path, ...],
    preset: str,
    seed: int,
) -> Trial:
    """The trial that these places make.

    Raises:
        click.UsageError: they do not make one.
        UnusableData: a place has no pictures, or a picture no partner.
    """
    from retrato.data import find_stored_images
    from retrato.degradation import Preset
    from retrato.evaluation.trials import degraded_trial, stored_trial

    if faces and (inputs or restored or targets):
        raise click.UsageError("FACES are degraded here: name them, or --inputs, --restored and --targets, not both")
    if not (faces or inputs or restored):
        raise click.UsageError("name FACES to degrade and restore, or --inputs to restore, or what is --restored")
    name = ", ".join(each.name for each in faces or inputs or restored)
    if faces:
        return degraded_trial(name, find_stored_images(faces), Preset(preset), seed)
    stored = (find_stored_images(each) if each else None for each in (inputs, restored, targets))
    return stored_trial(name, *stored)


def load_named(weights: str, asked: Asked) -> FaceRestorer:
    """The restorer of these weights, fetched if they are not here.

    Raises:
        RetratoError: there is none.
    """
    from retrato.restoration.loading import load_restorer

    fetch_named(weights)
    return load_restorer(weights, asked.device_name, precision_from(asked.precision))


def load_source(drawn: str, truncation: float, device_name: DeviceName) -> FaceSource:
    """What draws faces: a folder or archive of pictures, or the weights of a prior or a DCGAN."""
    from retrato.data import find_stored_images
    from retrato.evaluation.sources import DCGANSource, StoredFaces, StyleGAN2Source
    from retrato.networks.dcgan import DCGAN
    from retrato.weights.load import describe_weights, load_drawer

    path = Path(drawn)
    if path.is_dir() or path.suffix == ".tar":
        return StoredFaces.of(drawn, find_stored_images([path]))
    fetch_named(drawn)
    generator = load_drawer(drawn).eval().requires_grad_(False).to(choose_device(device_name))
    if isinstance(generator, DCGAN):
        return DCGANSource(generator, describe_weights(drawn))
    return StyleGAN2Source(generator, describe_weights(drawn), truncation)


def verdict(evaluations: list[Evaluation], restorer: str) -> str:
    """Whether a restorer passes the gate over all sets; empty without a gate."""
    from retrato.evaluation.gate import MOST_FAILURES

    gated = [each for each in evaluations if each.gate]
    if not gated:
        return ""
    failed = sum(len(each.gate_failures(restorer)) for each in gated)
    faces = sum(len(each.faces) for each in gated)
    passed = "passes" if failed <= MOST_FAILURES else "does not pass"
    whose = "" if all(each.gate and each.gate.is_published for each in gated) else ", by a stand-in for AdaFace"
    return (
        f"Identity gate over all sets{whose}: {failed} of {counted(faces, 'face')} fail; {restorer} {passed} "
        f"(at most {MOST_FAILURES}, of the challenge's own 450)."
    )
