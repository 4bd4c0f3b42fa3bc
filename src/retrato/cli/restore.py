"""`retrato restore`."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.inputs import each_photo, list_photos
from retrato.cli.options import device_option, engine_option, weights_option
from retrato.cli.text import counted
from retrato.device import DeviceName
from retrato.errors import NoFace, RetratoError, UnwritableOutput

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrato.images.photo import Photo
    from retrato.restoration.photo import RestoredPhoto

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp")


@click.command(name="restore")
@click.argument("inputs", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("restored"),
    show_default=True,
    help="Folder for the results, which keep their names; or, for a single photo, the name of its result.",
)
@click.option("--upscale", type=click.Choice(["1", "2", "4"]), default="1", show_default=True, help="Times larger.")
@weights_option
@click.option("--aligned", is_flag=True, help="The inputs are face crops already, square and aligned as FFHQ's.")
@click.option("--only-largest", is_flag=True, help="Restore the largest face of each photo only.")
@click.option("--save-faces", is_flag=True, help="Also write each face: cut out, restored, and side by side.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="Write this format, not the input's.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist, be they the inputs.")
@device_option
@engine_option
def command(
    inputs: tuple[Path, ...],
    output: Path,
    upscale: str,
    weights: str,
    aligned: bool,
    only_largest: bool,
    save_faces: bool,
    format_name: str | None,
    overwrite: bool,
    device_name: DeviceName,
    engine: str | None,
) -> None:
    """Restore the faces in photos: files, or folders of them.

    A photo that cannot be restored is named with the reason, and the others go on. Exit code: 0 when all were
    restored, 1 when some were not, 2 for wrong options, 130 when stopped.

    What a model restores is its guess. Each result says so in its EXIF data
    (BMP has room for none).
    """
    from retrato.restoration.photo import PhotoRestorer

    photos = list_photos(inputs)
    if is_file_name(output) and len(photos) > 1:
        raise click.UsageError(f"{output} is one file name for {len(photos)} photos: name a folder with -o")
    restorer = PhotoRestorer.from_weights(
        weights, upscale=int(upscale), only_largest=only_largest, device=device_name, engine=engine
    )
    started = time.perf_counter()
    faces_of_restored: list[int] = []  # counts alone: an album's pixels would fill the memory

    def restore_one(path: Path, target: Path) -> str:
        result = restore_file(path, target, restorer.restore_aligned if aligned else restorer, overwrite)
        faces_of_restored.append(len(result.faces))
        if save_faces:
            write_faces(result, target, overwrite)
        return describe(result)

    all_done = each_photo({path: target_for(path, output, format_name) for path in photos}, restore_one)
    click.echo(
        f"restored {counted(sum(faces_of_restored), 'face')} in {len(faces_of_restored)} of "
        f"{counted(len(photos), 'photo')} in {time.perf_counter() - started:.1f} s"
    )
    if not all_done:
        raise SystemExit(1)


def is_file_name(output: Path) -> bool:
    """Whether an output names a picture file rather than a folder."""
    from retrato.images.files import IMAGE_SUFFIXES

    return output.suffix.lower() in IMAGE_SUFFIXES and not os.path.isdir(output)  # noqa: PTH112 (a Path may raise)


def target_for(path: Path, output: Path, format_name: str | None) -> Path:
    """Where the result of one photo goes."""
    from retrato.images.files import suffix_for

    target = output if is_file_name(output) else output / path.name
    return target.with_suffix(suffix_for(format_name.upper())) if format_name else target


def restore_file(path: Path, target: Path, restore: Callable[[Photo], RestoredPhoto], overwrite: bool) -> RestoredPhoto:
    """Read, restore and write one photo.

    Raises:
        RetratoError: it cannot be read, has no face, or cannot be written.
    """
    from retrato.images.files import format_for, read_image, require_writable, write_image

    photo = read_image(path)
    format_for(target)
    require_writable(target, replace=overwrite)
    try:
        result = restore(photo)
    except RetratoError as error:
        raise type(error)(f"{path}: {error}") from error
    if not result.faces:
        raise NoFace(f"{path}: no face found; try turning it upright, or --aligned if it is a face cut out closely")
    write_image(result.photo, target, replace=overwrite)
    return result


def write_faces(result: RestoredPhoto, target: Path, overwrite: bool) -> None:
    """Each face's crop, restored crop and both side by side, in the folder `faces` beside the target.

    Raises:
        UnwritableOutput: one cannot be written; the photo itself is.
    """
    from retrato.images.files import write_image
    from retrato.images.grids import side_by_side
    from retrato.images.photo import Photo

    marks = replace(result.photo, alpha=None)
    folder = target.parent / "faces"
    for index, face in enumerate(result.faces):
        both = side_by_side([face.crop.image, face.restored])
        pictures = {"crop": Photo(face.crop.image)}
        pictures |= {"restored": replace(marks, image=face.restored), "both": replace(marks, image=both)}
        for kind, photo in pictures.items():
            try:
                write_image(photo, folder / f"{target.name}-{index}-{kind}.png", replace=overwrite)
            except UnwritableOutput as error:
                raise UnwritableOutput(f"{target} is restored, but a face is not saved: {error}") from error


def describe(result: RestoredPhoto) -> str:
    """How many faces, and what each step took."""
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.seconds.items())
    return f"{counted(len(result.faces), 'face')} ({steps})"
