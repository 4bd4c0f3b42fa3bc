"""`retrato degrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.inputs import each_photo, list_photos
from retrato.cli.options import preset_option, ranges_of, seed_option

if TYPE_CHECKING:
    from torch import Generator

    from retrato.degradation import DegradationRanges
    from retrato.images.photo import Photo


@click.command(name="degrade")
@click.argument("inputs", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results, as PNG.")
@preset_option
@seed_option
@click.option("--face-size", type=click.IntRange(16, 8192), help="Width in pixels of an aligned face in the pictures.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def command(
    inputs: tuple[Path, ...], output: Path, preset: str, seed: int, face_size: int | None, overwrite: bool
) -> None:
    """Make good pictures bad, as training does: blur, shrink, noise, JPEG.

    Lengths are measured in widths of a face: name it with --face-size when the pictures are whole photos; otherwise
    each picture is taken for one face.
    """
    from retrato.data import random_state
    from retrato.images.files import read_image, require_writable, write_image

    ranges = ranges_of(preset)

    def degrade_file(path: Path, target: Path) -> str:
        require_writable(target, replace=overwrite)
        rng = random_state(seed, places[path], "degrade")  # hangs on its place alone, whatever became of the others
        photo, story = degraded_photo(read_image(path), ranges, rng, face_size)
        write_image(photo, target, replace=overwrite)
        return story

    photos = list_photos(inputs)
    places = {path: place for place, path in enumerate(photos)}
    targets = {path: output / f"{path.stem}.png" for path in photos}
    if not each_photo(targets, degrade_file):
        raise SystemExit(1)


def degraded_photo(photo: Photo, ranges: DegradationRanges, rng: Generator, face_size: int | None) -> tuple[Photo, str]:
    """A photo made bad, and in words what happened to it."""
    from dataclasses import replace

    from retrato.degradation import degrade, draw
    from retrato.images.tensors import to_image, to_pictures

    record = draw(rng, 1, ranges)
    degraded, _ = degrade(to_pictures([photo.image]), record, face_size)
    capture = record.capture
    story = (
        f"blur {capture.blur_sigma[0].max():.1f}, {capture.shrink[0]:.1f} times smaller, "
        f"noise {capture.noise_sigma[0]:.0f}, JPEG {capture.jpeg_quality[0]:.0f}"
    )
    return replace(photo, image=to_image(degraded[0])), story
