"""`retrato restore`."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.inputs import each_photo, list_photos
from retrato.cli.options import device_option, weights_option
from retrato.cli.text import counted
from retrato.device import DeviceName
from retrato.errors import NoFace, RetratoError, UnwritableOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from retrato.images.photo import Photo
    from retrato.images.tiff_files import CopiedPage
    from retrato.restoration.photo import RestoredPhoto

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp", "avif", "heif")


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
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Draw the prior's noise, which decides such things as single hairs, from this seed; by default it is the "
    "noise stored with the weights. Either way the same photo gives the same result.",
)
@click.option("--keep-times", is_flag=True, help="Results get the times of their photos: when last read and changed.")
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
    seed: int | None,
    keep_times: bool,
    overwrite: bool,
    device_name: DeviceName,
) -> None:
    """Restore the faces in photos: files, or folders of them.

    A photo that cannot be restored is named with the reason, and the others go on. Exit code: 0 when all were
    restored, 1 when some were not, 2 for wrong options, 130 when stopped.

    All else of a photo stays: its pixels, their depth and colours, EXIF, XMP and IPTC. What a format cannot hold is
    said. Of a TIFF with several pages each is restored, and those without a face are copied.

    What a model restores is its guess. Each result says so in its EXIF data
    (BMP has room for none).
    """
    from retrato.images.files import set_times, times_of
    from retrato.restoration.photo import PhotoRestorer

    photos = list_photos(inputs)
    if is_file_name(output) and len(photos) > 1:
        raise click.UsageError(f"{output} is one file name for {len(photos)} photos: name a folder with -o")
    fetch_named(weights)
    restorer = PhotoRestorer.from_weights(
        weights, upscale=int(upscale), only_largest=only_largest, device=device_name, noise_seed=seed
    )
    started = time.perf_counter()
    faces_of_restored: list[int] = []  # counts alone: an album's pixels would fill the memory

    def restore_one(path: Path, target: Path) -> str:
        times = times_of(path)
        restore = restorer.restore_aligned if aligned else restorer
        result = restore_file(path, target, restore, overwrite, save_faces)
        if keep_times:
            set_times(target, times)
        faces_of_restored.append(result.faces)
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


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    faces: int
    seconds: Mapping[str, float]
    """What each step took, on all pages."""
    notes: tuple[str, ...]
    """What of the file is not in the result."""
    pages: int = 1


def restore_file(
    path: Path, target: Path, restore: Callable[[Photo], RestoredPhoto], overwrite: bool, save_faces: bool = False
) -> Outcome:
    """Read, restore and write one photo, or each page of a TIFF.

    Raises:
        RetratoError: it cannot be read, has no face, or cannot be written.
    """
    from retrato.images.files import format_for, list_pages, read_image, require_writable, write_image

    pages = list_pages(path)
    if len(pages) > 1 and format_for(target) == "TIFF":
        return restore_pages(path, pages, target, restore, overwrite, save_faces)
    photo = read_image(path)
    format_for(target)
    require_writable(target, replace=overwrite)
    result = restored(path, photo, restore)
    if not result.faces:
        raise no_face(path)
    left_out = write_image(result.photo, target, replace=overwrite)
    if save_faces:
        write_faces(result, target, overwrite)
    return Outcome(len(result.faces), result.seconds, photo.remarks + left_out)


def restore_pages(
    path: Path,
    pages: tuple[int, ...],
    target: Path,
    restore: Callable[[Photo], RestoredPhoto],
    overwrite: bool,
    save_faces: bool,
) -> Outcome:
    """Read, restore and write one page of a TIFF after the other; those without a face are copied.

    Raises:
        RetratoError: a page cannot be read, none has a face, or the file cannot be written.
    """
    from retrato.images.files import copy_page, read_image, write_pages

    faces, seconds, remarks = 0, Counter[str](), list[str]()

    def each_page() -> Iterator[Photo | CopiedPage]:
        nonlocal faces
        for number, page in enumerate(pages, start=1):
            photo = read_image(path, page=page)
            result = restored(path, photo, restore)
            seconds.update(result.seconds)
            faces += len(result.faces)
            if number == len(pages) and not faces:
                raise no_face(path)
            if not result.faces and photo.image.shape == result.image.shape:
                yield copy_page(path, page)
                continue
            remarks.extend(f"page {number}: {remark}" for remark in photo.remarks)
            if save_faces:
                write_faces(result, target.with_name(f"{target.name}-page{number}"), overwrite)
            yield result.photo

    left_out = write_pages(each_page(), target, replace=overwrite)
    return Outcome(faces, seconds, (*remarks, *left_out), len(pages))


def restored(path: Path, photo: Photo, restore: Callable[[Photo], RestoredPhoto]) -> RestoredPhoto:
    """The restored photo, or an error that says of which file it is."""
    try:
        return restore(photo)
    except RetratoError as error:
        raise type(error)(f"{path}: {error}") from error


def no_face(path: Path) -> NoFace:
    """What to say of a photo in which nothing was found."""
    return NoFace(f"{path}: no face found; try turning it upright, or --aligned if it is a face cut out closely")


def write_faces(result: RestoredPhoto, target: Path, overwrite: bool) -> None:
    """Each face's crop, restored crop and both side by side, in the folder `faces` beside the target.

    Raises:
        UnwritableOutput: one cannot be written; the photo itself is.
    """
    from retrato.images.files import write_image
    from retrato.images.grids import side_by_side
    from retrato.images.photo import Photo

    exif = result.photo.exif  # has the mark
    folder = target.parent / "faces"
    for index, face in enumerate(result.faces):
        both = side_by_side([face.crop.image, face.restored])
        pictures = {"crop": Photo(face.crop.image)}
        pictures |= {"restored": Photo(face.restored, exif=exif), "both": Photo(both, exif=exif)}
        for kind, photo in pictures.items():
            try:
                write_image(photo, folder / f"{target.name}-{index}-{kind}.png", replace=overwrite)
            except UnwritableOutput as error:
                raise UnwritableOutput(f"{target} is restored, but a face is not saved: {error}") from error


def describe(outcome: Outcome) -> str:
    """How many faces, what each step took, and what of the file is not in the result."""
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in outcome.seconds.items())
    where = f" on {counted(outcome.pages, 'page')}" if outcome.pages > 1 else ""
    notes = "".join(f"\n  note: {note}" for note in outcome.notes)
    return f"{counted(outcome.faces, 'face')}{where} ({steps}){notes}"
