"""`retrato generate`."""

from __future__ import annotations

import math
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import FiniteFloatRange, device_option, seed_option
from retrato.cli.text import counted
from retrato.device import DeviceName, choose_device
from retrato.errors import UnwritableOutput
from retrato.weights.bundle import PRIOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from retrato.generation import DrawnFace
    from retrato.images.grids import Sheet
    from retrato.networks.dcgan import DCGAN, Latents
    from retrato.networks.stylegan2 import StyleGAN2Generator, Styles
    from retrato.shapes import Image


class Kind(StrEnum):
    """What becomes of the faces."""

    PICTURES = "pictures"
    SHEET = "sheet"
    SWEEP = "sweep"
    MIXING = "mixing"
    FILM = "film"


COUNTS = {Kind.PICTURES: 16, Kind.SHEET: 16, Kind.SWEEP: 4, Kind.MIXING: 4, Kind.FILM: 8}
"""How many faces are drawn unless a number is given."""
STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Of truncation, in a sweep."""
SHEET_PIXELS = 4096
"""What the longer side of a sheet is kept to, more or less."""
FRAMES_PER_SECOND = 25


@click.command(name="generate")
@click.argument("weights", metavar="[NAME-OR-FILE]", default=PRIOR.name)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for pictures, as PNG; or the name of a single picture, a sheet or a film.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice([each.value for each in Kind]),
    default=Kind.PICTURES.value,
    show_default=True,
    callback=lambda _context, _parameter, value: Kind(value),
    help="Single pictures; one sheet of all; a sweep of each through strengths of truncation; a mixing of each one's "
    "shape with the features of others; or a film (.mp4, .webp, .gif) from each to the next, without an end.",
)
@click.option("--count", type=click.IntRange(1), help="Faces; by default 16, in a sweep or mixing 4, in a film 8.")
@seed_option
@click.option(
    "--truncation",
    type=FiniteFloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="How much of a face's distance to the mean face is kept: more gives more variety, and more faults.",
)
@click.option(
    "--seconds-per-face",
    type=FiniteFloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="From one face of a film to the next.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@device_option
def command(
    weights: str,
    output: Path,
    kind: Kind,
    count: int | None,
    seed: int,
    truncation: float,
    seconds_per_face: float,
    overwrite: bool,
    device_name: DeviceName,
) -> None:
    """Draw faces of nobody with the weights of a StyleGAN2 prior, or whatever a DCGAN has learned to draw.

    Without a name it is the small prior that comes with retrato, whose faces have 64 px.

    The same seed gives the same faces, however many are drawn. Each result says in its EXIF data, a GIF in its comment,
    that a model drew it and that it shows no real person (MP4 has no room for that: say it where you show it).
    """
    from retrato.networks.stylegan2 import StyleGAN2Generator
    from retrato.weights.load import describe_weights, load_drawer, title_of

    count = count or COUNTS[kind]
    targets = targets_for(output, kind, count, seed)
    for target in targets:
        require_target(target, kind, overwrite)
    fetch_named(weights)
    generator = load_drawer(weights).eval().requires_grad_(False).to(choose_device(device_name))
    name = f"{title_of(generator)}, {describe_weights(weights)}"
    frames_between = max(1, round(seconds_per_face * FRAMES_PER_SECOND))
    images = images_for(kind, generator, count, seed, truncation, frames_between)
    match kind:
        case Kind.PICTURES:
            write_pictures(images, targets, name, overwrite)
        case Kind.SHEET:
            write_pictures([sheet_of_all(list(images))], targets, name, overwrite)
        case Kind.SWEEP:
            write_pictures([sheet_of_sweep(list(images))], targets, name, overwrite)
        case Kind.MIXING:
            write_pictures([sheet_of_mixing(list(images), count)], targets, name, overwrite)
        case Kind.FILM:
            write_marked_film(images, output, name, overwrite)
        case _:
            assert_never(kind)
    noun = "face" if isinstance(generator, StyleGAN2Generator) else "picture"
    click.echo(f"{counted(count, noun)} by {name} -> {output}")


def images_for(
    kind: Kind, generator: StyleGAN2Generator | DCGAN, count: int, seed: int, truncation: float, frames_between: int
) -> Iterator[Image]:
    """Pictures in the order in which they are shown.

    Raises:
        click.UsageError: the generator has no styles, and the kind is made with some.
    """
    from retrato.generation import each_face, each_picture
    from retrato.networks.stylegan2 import StyleGAN2Generator

    if isinstance(generator, StyleGAN2Generator):
        styles = styles_for(kind, generator, count, seed, truncation, frames_between)
        return each_image(each_face(generator, styles), len(styles))
    latents = latents_for(kind, generator, count, seed, frames_between)
    return each_image(each_picture(generator, latents), len(latents))


def latents_for(kind: Kind, generator: DCGAN, count: int, seed: int, frames_between: int) -> Latents:
    """What a DCGAN draws, in the order in which it is shown.

    Raises:
        click.UsageError: the kind is made with styles.
    """
    import torch

    from retrato.generation import draw_latents, latent_loop

    if kind in {Kind.SWEEP, Kind.MIXING}:
        raise click.UsageError(f"--as {kind} needs a StyleGAN2: a DCGAN has no styles")
    latents = draw_latents(generator, count, torch.Generator().manual_seed(seed))
    return latent_loop(latents, frames_between) if kind is Kind.FILM else latents


def targets_for(output: Path, kind: Kind, count: int, seed: int) -> list[Path]:
    """Where the results go: pictures are named by their seed and place, and so the same however many there are.

    Raises:
        click.UsageError: the output is the name of one file, for several pictures.
    """
    from retrato.images.files import IMAGE_SUFFIXES
    from retrato.images.films import FilmFormat

    is_folder = os.path.isdir(output)  # noqa: PTH112 (a Path raises where a name is too long)
    is_file_name = output.suffix.lower() in IMAGE_SUFFIXES | set(FilmFormat) and not is_folder
    if kind is Kind.PICTURES and count > 1 and is_file_name:
        raise click.UsageError(f"{output} is one file name for {count} pictures: name a folder, or a kind with --as")
    if kind is Kind.PICTURES and not is_file_name:
        return [output / f"seed{seed}-{place:04}.png" for place in range(count)]
    return [output]


def require_target(target: Path, kind: Kind, overwrite: bool) -> None:
    """Look, before anything is drawn, whether a result can be written, with its mark.

    Raises:
        UnwritableOutput: it cannot.
    """
    from retrato.images.files import format_for, require_writable
    from retrato.images.films import film_format_for

    if kind is Kind.FILM:
        film_format_for(target)
    elif format_for(target) == "BMP":
        raise UnwritableOutput(f"cannot write {target}: BMP has no room to say that a model drew it; write .png")
    require_writable(target, replace=overwrite)


def styles_for(
    kind: Kind, generator: StyleGAN2Generator, count: int, seed: int, truncation: float, frames_between: int
) -> Styles:
    """What is drawn, in the order in which it is shown."""
    import torch

    from retrato.generation import draw_styles, mean_style, style_loop, style_mixing, truncation_sweep
    from retrato.networks.stylegan2 import truncated

    rng = torch.Generator().manual_seed(seed)
    drawn = draw_styles(generator, 2 * count if kind is Kind.MIXING else count, rng)
    mean = mean_style(generator)
    styles = truncated(drawn, mean, truncation)
    match kind:
        case Kind.PICTURES | Kind.SHEET:
            return styles
        case Kind.SWEEP:
            return truncation_sweep(drawn, mean, STRENGTHS)
        case Kind.MIXING:
            return torch.cat([styles, style_mixing(styles[:count], styles[count:])])
        case Kind.FILM:
            return style_loop(styles, frames_between)
        case _:
            assert_never(kind)


def each_image(drawn: Iterator[DrawnFace], count: int) -> Iterator[Image]:
    """Picture after picture, under a progress bar."""
    from tqdm import tqdm

    from retrato.images.tensors import to_image

    for picture in tqdm(drawn, total=count, unit="picture", disable=None):
        yield to_image(picture)


def sheet_of_all(images: Sequence[Image]) -> Sheet:
    """In as many rows as columns, or one row less."""
    return sheet_of(in_rows(images, math.ceil(math.sqrt(len(images)))))


def sheet_of_sweep(images: Sequence[Image]) -> Sheet:
    """A row for each face, a column for each strength."""
    return sheet_of(in_rows(images, len(STRENGTHS)), [f"truncation {kept:g}" for kept in STRENGTHS])


def sheet_of_mixing(images: Sequence[Image], count: int) -> Sheet:
    """The faces that give coarse styles at the left, those that give fine ones above, and between them the mixtures."""
    import numpy as np

    coarse, fine, mixed = images[:count], images[count : 2 * count], in_rows(images[2 * count :], count)
    paper = np.full_like(images[0], 255)
    rows = [[paper, *fine], *([face, *row] for face, row in zip(coarse, mixed, strict=True))]
    return sheet_of(rows, ["shape from", "features from"])


def in_rows(images: Sequence[Image], columns: int) -> list[Sequence[Image]]:
    """So many a row; the last may have fewer."""
    return [images[start : start + columns] for start in range(0, len(images), columns)]


def sheet_of(rows: Sequence[Sequence[Image]], titles: Sequence[str] = ()) -> Sheet:
    """Pictures as they are, or smaller where the sheet would be too large to look at."""
    from retrato.images.grids import Row, sheet

    room = max(16, SHEET_PIXELS // max(len(rows), len(rows[0])))
    return sheet([Row(images) for images in rows], titles, row_height=min(len(rows[0][0]), room))


def write_pictures(images: Iterable[Image | Sheet], targets: Sequence[Path], name: str, overwrite: bool) -> None:
    """One picture a target, each with the mark.

    Raises:
        UnwritableOutput: one cannot be written; those before it are.
    """
    from retrato.images.files import write_image
    from retrato.images.photo import Photo
    from retrato.restoration.provenance import mark_as_generated

    for image, target in zip(images, targets, strict=True):
        write_image(mark_as_generated(Photo(image), name), target, replace=overwrite)


def write_marked_film(images: Iterable[Image], target: Path, name: str, overwrite: bool) -> None:
    """A film with the mark, where its format has room for one.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    from retrato.images.films import write_film
    from retrato.restoration.provenance import generated_note

    write_film(images, target, FRAMES_PER_SECOND, note=generated_note(name), replace=overwrite)
