"""`retrato restore`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.options import device_option, weights_option
from retrato.cli.text import counted
from retrato.device import DeviceName
from retrato.errors import RetratoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrato.images.photo import Photo
    from retrato.restoration.photo import RestoredPhoto

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp")


class NoFace(RetratoError):
    """A photo in which nothing could be restored."""


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
) -> None:
    """Restore the faces in photos: files, or folders of them.

    A photo that cannot be restored is named with the reason, and the others go on. Exit code: 0 when all were
    restored, 1 when some were not, 2 for wrong options.

    What a model restores is its guess. Each result says so in its EXIF data.
    """
    from tqdm import tqdm

    from retrato.restoration.photo import PhotoRestorer

    photos = list_photos(inputs)
    if is_file_name(output) and len(photos) > 1:
        raise click.UsageError(f"{output} is one file name for {len(photos)} photos: name a folder with -o")
    restorer = PhotoRestorer.from_weights(weights, upscale=int(upscale), only_largest=only_largest, device=device_name)
    restore = restorer.restore_aligned if aligned else restorer
    results: list[RestoredPhoto] = []
    with tqdm(photos, unit="photo", disable=None if len(photos) > 1 else True) as bar:
        for path in bar:
            try:
                target = target_for(path, output, format_name)
                result = restore_file(path, target, restore, overwrite)
                if save_faces:
                    write_faces(result, target, overwrite)
            except RetratoError as error:
                bar.write(f"not restored: {error}")
                continue
            results.append(result)
            bar.write(f"{path} -> {target}: {describe(result)}")
    click.echo(summary(results, len(photos)))
    if len(results) < len(photos):
        raise SystemExit(1)


def list_photos(inputs: tuple[Path, ...]) -> list[Path]:
    """Files as they are named, and the pictures in each folder.

    Raises:
        UnreadableImage: a folder has none.
    """
    from retrato.errors import UnreadableImage
    from retrato.images.files import IMAGE_SUFFIXES, find_images

    photos: list[Path] = []
    for each in inputs:
        found = find_images(each) if each.is_dir() else [each]
        if not found:
            raise UnreadableImage(f"no pictures in {each} (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
        photos += found
    return photos


def is_file_name(output: Path) -> bool:
    """Whether an output names a picture file rather than a folder."""
    from retrato.images.files import IMAGE_SUFFIXES

    return output.suffix.lower() in IMAGE_SUFFIXES and not output.is_dir()


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
    from retrato.images.files import read_image, write_image

    result = restore(read_image(path))
    if not result.faces:
        raise NoFace(f"{path}: no face found; if this is a face alone, cut out closely, try --aligned")
    write_image(result.photo, target, replace=overwrite)
    return result


def write_faces(result: RestoredPhoto, target: Path, overwrite: bool) -> None:
    """Each face's crop, restored crop and both side by side, in the folder `faces` beside the target."""
    from retrato.images.files import write_image
    from retrato.images.grids import side_by_side
    from retrato.images.photo import Photo

    marks = replace(result.photo, alpha=None)
    for index, face in enumerate(result.faces):
        stem = target.parent / "faces" / f"{target.stem}-{index}"
        write_image(Photo(face.crop.image), stem.with_name(f"{stem.name}-crop.png"), replace=overwrite)
        for kind, image in (
            ("restored", face.restored),
            ("both", side_by_side([face.crop.image, face.restored])),
        ):
            path = stem.with_name(f"{stem.name}-{kind}.png")
            write_image(replace(marks, image=image), path, replace=overwrite)


def describe(result: RestoredPhoto) -> str:
    """How many faces, and what each step took."""
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.seconds.items())
    return f"{counted(len(result.faces), 'face')} ({steps})"


def summary(results: list[RestoredPhoto], photos: int) -> str:
    """One line for the whole run."""
    faces = sum(len(each.faces) for each in results)
    seconds = sum(sum(each.seconds.values()) for each in results)
    return f"restored {counted(faces, 'face')} in {len(results)} of {counted(photos, 'photo')} in {seconds:.1f} s"
