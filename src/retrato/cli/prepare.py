"""`retrato prepare`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.options import FiniteFloatRange
from retrato.cli.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrato.data.examine import PrepareConfig
    from retrato.data.prepare import PhotoFile
    from retrato.data.prepared import PreparedPhoto

FORMATS = ("webp", "png")


@click.command(name="prepare")
@click.argument("places", metavar="PHOTOS...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "-o", "--out", "folder", metavar="FACES", type=click.Path(path_type=Path), required=True, help="Where faces go."
)
@click.option("--size", type=click.IntRange(32, 2048), default=512, show_default=True, help="Pixels across a crop.")
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), default="webp", show_default=True, help="Of the crops."
)
@click.option(
    "--least-scale",
    type=FiniteFloatRange(0),
    default=0.5,
    show_default=True,
    help="Pixels of the photo for each pixel of the crop, in length; faces with fewer are dropped.",
)
@click.option(
    "--least-sharpness",
    type=FiniteFloatRange(0),
    default=0.33,
    show_default=True,
    help="A sharp face has about 0.6; as blurred as a crop of 512 px by 2 px, 0.3.",
)
@click.option(
    "--most-outside",
    type=FiniteFloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="Share of the crop that may lie outside the photo.",
)
@click.option(
    "--most-turn",
    type=FiniteFloatRange(0),
    default=0.35,
    show_default=True,
    help="How far the nose may be off the middle, in distances between the eyes.",
)
@click.option(
    "--least-score",
    type=FiniteFloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="How sure the detector has to be; it names no face below 0.7.",
)
@click.option(
    "--same-face",
    type=click.IntRange(-1, 256),
    default=34,
    show_default=True,
    help="Bits of 256 by which two crops may differ to be copies of one face; -1 keeps all copies.",
)
@click.option("--processes", type=click.IntRange(1), help="Photos to look at at a time; by default as many as cores.")
def command(
    places: tuple[Path, ...],
    folder: Path,
    size: int,
    format_name: str,
    least_scale: float,
    least_sharpness: float,
    most_outside: float,
    most_turn: float,
    least_score: float,
    same_face: int,
    processes: int | None,
) -> None:
    """Cut the faces out of photos, upright, to train on.

    PHOTOS are photo files, and folders with subfolders. For each face that is good enough, FACES gets
    FOLDER/NAME-0.webp, and NAME-0.json with where it comes from, its landmarks, and what was measured. Faces that are
    too small, blurred, cut off, turned away or there already are dropped: FACES/prepared.jsonl says why, a line for
    each photo.

    The same command goes on where it was stopped, and does photos that are new or have changed; a face that was
    deleted is made again. With other options, name another folder.

    Exit code: 0 when there are faces, 1 when there are none (photos that cannot be read are named, and the others go
    on), 2 for wrong options, 130 when stopped.
    """
    from retrato.data.examine import PrepareConfig
    from retrato.data.prepare import find_photos
    from retrato.data.quality import Demands
    from retrato.device import cores

    demands = Demands(least_score, least_scale, most_outside, most_turn, least_sharpness)
    config = PrepareConfig(size, format_name.upper(), demands, same_face)
    photos = find_photos(places, leave_out=folder)
    done = prepare_all(photos, folder, config, processes or cores())
    click.echo(summary(done))
    if not any(photo.kept for photo in done):
        click.echo(f"no faces: {folder / 'prepared.jsonl'} says why", err=True)
        raise SystemExit(1)


def prepare_all(
    photos: Sequence[PhotoFile], folder: Path, config: PrepareConfig, processes: int
) -> list[PreparedPhoto]:
    """Prepare the photos under a progress bar, and name those that cannot be read."""
    from contextlib import closing

    from tqdm import tqdm

    from retrato.data.prepare import prepare

    done: list[PreparedPhoto] = []
    try:
        with (
            closing(prepare(photos, folder, config, processes)) as results,
            tqdm(results, total=len(photos), unit="photo", disable=None) as bar,
        ):
            for result in bar:
                done.append(result)
                if result.problem:
                    bar.write(f"not done: {result.problem}", file=sys.stderr)
    except KeyboardInterrupt:
        click.echo(f"stopped after {len(done)} of {len(photos)}; the same command goes on", err=True)
        raise SystemExit(130) from None
    return done


def summary(photos: Sequence[PreparedPhoto]) -> str:
    """How many photos there were, how many faces are kept, and why others are not."""
    kept = sum(len(photo.kept) for photo in photos)
    before = sum(photo.was_done_before for photo in photos)
    unreadable = sum(bool(photo.problem) for photo in photos)
    without = sum(not (photo.kept or photo.dropped or photo.problem) for photo in photos)
    flaws = Counter(face.flaw for photo in photos for face in photo.dropped)
    lines = [
        f"{counted(len(photos), 'photo')}: {before} done before, {unreadable} unreadable, {without} without a face",
        f"{counted(kept, 'face')} kept, {flaws.total()} dropped",
        *(f"{count:>8} {flaw}" for flaw, count in flaws.most_common()),
    ]
    return "\n".join(lines)
