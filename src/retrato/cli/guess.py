"""`retrato guess`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import device_option, seed_option
from retrato.device import DeviceName, choose_device
from retrato.errors import UnusableFace, UnusableSetting, UnwritableOutput
from retrato.weights.bundle import PRIOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrato.images.grids import Sheet
    from retrato.restoration.pulse import Guess, PulseRestorer
    from retrato.shapes import Faces, Image

LEAST_SHOWN = 128
"""Pixels across that pictures of a sheet have at least, to be looked at."""


@click.command(name="guess")
@click.argument("photo", metavar="PHOTO", type=click.Path(path_type=Path))
@click.option(
    "--prior",
    default=PRIOR.name,
    show_default=True,
    metavar="NAME-OR-FILE",
    help="A trained StyleGAN2: a file, stylegan2-ffhq-512, or the small one that comes with retrato.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Name of a sheet of all guesses beside the face; or a folder for single pictures, as PNG.",
)
@click.option("--count", type=click.IntRange(1), default=4, show_default=True, help="Guesses, each of another seed.")
@seed_option
@click.option("--aligned", is_flag=True, help="The picture is a face crop already, square and aligned as FFHQ's.")
@click.option(
    "--compared-size",
    type=click.IntRange(1, 4096),
    help="Pixels across to which face and guesses are downscaled to be compared: fewer leave more to guess."
    "  [default: an eighth of the prior's faces; at most what the photo has]",
)
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Of each search.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@device_option
def command(
    photo: Path,
    prior: str,
    output: Path,
    count: int,
    seed: int,
    aligned: bool,
    compared_size: int | None,
    steps: int,
    overwrite: bool,
    device_name: DeviceName,
) -> None:
    """Search a prior for sharp faces that look, downscaled, like the largest one in PHOTO (PULSE).

    There are many such faces, and the prior cannot say which of them is the person: several guesses show how much of a
    restored face is guessed. Each result says so in its EXIF data, and how well it fits.
    """
    from retrato.restoration.pulse import PulseConfig, PulseRestorer

    targets = targets_for(output, photo, range(seed, seed + count))
    for target in targets:
        require_target(target, overwrite)
    fetch_named(prior)
    restorer = PulseRestorer.from_weights(prior, device_name, PulseConfig(steps=steps), seed)
    face, seen = face_in(photo, restorer.size, aligned, device_name)
    small = compared(face, seen, restorer, compared_size)
    guesses = list(each_guess(restorer, small, range(seed, seed + count), steps))
    if is_sheet(output):
        write_sheet(sheet_of(face, small, guesses, seed), guesses, restorer, output, overwrite)
    else:
        write_guesses(guesses, restorer, targets, overwrite)
    for place, guess in enumerate(guesses):
        click.echo(f"seed {seed + place}: {words_of(guess)}")
    click.echo(f"compared at {small.shape[-1]} px, by {restorer.name} -> {output}")


def is_sheet(output: Path) -> bool:
    """Whether an output names a picture file rather than a folder."""
    from retrato.images.files import IMAGE_SUFFIXES

    return output.suffix.lower() in IMAGE_SUFFIXES and not os.path.isdir(output)  # noqa: PTH112 (a Path may raise)


def targets_for(output: Path, photo: Path, seeds: range) -> list[Path]:
    """Where the results go."""
    return [output] if is_sheet(output) else [output / f"{photo.stem}-seed{seed}.png" for seed in seeds]


def require_target(target: Path, overwrite: bool) -> None:
    """Look, before the search, whether a result can be written, with its mark.

    Raises:
        UnwritableOutput: it cannot.
    """
    from retrato.images.files import format_for, require_writable

    if format_for(target) == "BMP":
        raise UnwritableOutput(f"cannot write {target}: BMP has no room to say that a model guessed it; write .png")
    require_writable(target, replace=overwrite)


def face_in(path: Path, size: int, aligned: bool, device_name: DeviceName) -> tuple[Image, float]:
    """The largest face of a photo, upright and of that size, and how many pixels across it has in the photo.

    Raises:
        RetratoError: the photo cannot be read, or has no face that can be cut out.
    """
    import cv2

    from retrato.images.files import read_image
    from retrato.restoration.photo import whole_picture
    from retrato.restoration.pipeline import RetratoPipeline, detector_of, placement_of

    image = read_image(path).image
    device, pipeline = choose_device(device_name), RetratoPipeline()
    if aligned:
        height, width = image.shape[:2]
        if width != height:
            raise UnusableFace(f"{path}: an aligned face is square, this picture is {width}x{height}")
        return (image if width < size else whole_picture(image, size).crop.image), float(width)
    found = detector_of(pipeline, device)(image)
    if not found:
        raise UnusableFace(
            f"{path}: no face found; try turning it upright, or --aligned if it is a face cut out closely"
        )
    try:
        crop = placement_of(pipeline, device).cut_out(image, found[0], size)
    except UnusableFace as error:
        raise UnusableFace(f"{path}: {error}") from error
    return crop.image, size / cv2.norm(crop.photo_to_crop[:, 0])


def compared(face: Image, seen: float, restorer: PulseRestorer, compared_size: int | None) -> Faces:
    """The face, downscaled as it is to be compared.

    Args:
        face: upright.
        seen: pixels across that it really has.
        restorer: which is going to search.
        compared_size: the width that is asked for, if any.

    Raises:
        UnusableSetting: the width is more than there is, or than the prior draws.
    """
    from retrato.images.tensors import to_pictures
    from retrato.restoration.pulse import shrunk

    most = min(len(face), restorer.size)
    if compared_size is not None and compared_size > most:
        raise UnusableSetting(f"--compared-size is {compared_size}, and the face has {most} px: choose at most {most}")
    size = compared_size or max(1, min(restorer.small_size, round(seen)))
    return shrunk(to_pictures([face]), size)


def each_guess(restorer: PulseRestorer, small: Faces, seeds: range, steps: int) -> Iterator[Guess]:
    """Guess after guess, under a progress bar of all steps."""
    from tqdm import tqdm

    with tqdm(total=len(seeds) * steps, unit="step", disable=None) as bar:
        for seed in seeds:
            for guess in restorer.search(small, seed):
                bar.set_postfix(levels=f"{guess.misfit_levels:.1f}", refresh=False)
                bar.update()
            yield guess


def words_of(guess: Guess) -> str:
    """How well it fits, and whether that is well enough for the paper."""
    from retrato.restoration.pulse import WANTED_LEVELS

    verdict = "as close as the paper asks for" if guess.misfit_levels <= WANTED_LEVELS else "no good match"
    return f"off by {guess.misfit_levels:.1f} of 255 levels, {verdict}"


def sheet_of(face: Image, small: Faces, guesses: Sequence[Guess], seed: int) -> Sheet:
    """The face and the guesses; below each what was compared."""
    from retrato.images.grids import Row, sheet
    from retrato.images.tensors import to_image

    large = [face, *(to_image(each.face[0]) for each in guesses)]
    compared = [to_image(small[0]), *(to_image(each.small[0]) for each in guesses)]
    found = [f"seed {seed + place}: off by {each.misfit_levels:.1f} levels" for place, each in enumerate(guesses)]
    height = max(LEAST_SHOWN, len(large[-1]))
    return sheet([Row(large), Row(compared)], ["the face, and below what is compared", *found], row_height=height)


def write_sheet(image: Sheet, guesses: Sequence[Guess], restorer: PulseRestorer, target: Path, overwrite: bool) -> None:
    """All guesses in one picture, marked."""
    from retrato.images.files import write_image
    from retrato.images.photo import Photo
    from retrato.restoration.provenance import mark_as_guessed

    marked = mark_as_guessed(Photo(image), restorer.name, [each.misfit_levels for each in guesses])
    write_image(marked, target, replace=overwrite)


def write_guesses(guesses: Sequence[Guess], restorer: PulseRestorer, targets: Sequence[Path], overwrite: bool) -> None:
    """Each guess by itself, marked."""
    from retrato.images.tensors import to_image

    for guess, target in zip(guesses, targets, strict=True):
        write_sheet(to_image(guess.face[0]), [guess], restorer, target, overwrite)
