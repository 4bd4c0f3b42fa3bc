"""One photo file through a restorer: read, restored, written, and in words what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrato.cli.text import counted
from retrato.errors import NoFace, RetratoError, UnwritableOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from retrato.images.photo import Photo
    from retrato.images.tiff_files import CopiedPage
    from retrato.restoration.photo import RestoredPhoto

    Restore = Callable[[Photo], RestoredPhoto]


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    faces: int
    seconds: Mapping[str, float]
    """What each step took, on all pages."""
    skipped: tuple[str, ...] = ()
    """Where the faces are that are left as they were, and why."""
    notes: tuple[str, ...] = ()
    """What of the file is not in the result."""
    pages: int = 1


def restore_file(path: Path, target: Path, restore: Restore, overwrite: bool, save_faces: bool = False) -> Outcome:
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
    skipped = why_skipped(result)
    if is_as_it_was(result):
        raise no_face(path, skipped)
    left_out = write_image(result.photo, target, replace=overwrite)
    if save_faces:
        try:
            write_faces(result, target, overwrite)
        except UnwritableOutput as error:
            raise UnwritableOutput(f"{target} is restored, but a face is not saved: {error}") from error
    return Outcome(len(result.faces), result.seconds, skipped, photo.remarks + left_out)


def restore_pages(
    path: Path, pages: tuple[int, ...], target: Path, restore: Restore, overwrite: bool, save_faces: bool
) -> Outcome:
    """Read, restore and write one page of a TIFF after the other; those without a face are copied.

    Raises:
        RetratoError: a page cannot be read, none has a face, or the file cannot be written.
    """
    from retrato.images.files import copy_page, read_image, write_pages

    faces, seconds, skipped, remarks = 0, Counter[str](), list[str](), list[str]()

    def each_page() -> Iterator[Photo | CopiedPage]:
        nonlocal faces
        for number, page in enumerate(pages, start=1):
            photo = read_image(path, page=page)
            result = restored(path, photo, restore)
            seconds.update(result.seconds)
            skipped.extend(f"page {number} {where}" for where in why_skipped(result))
            faces += len(result.faces)
            if number == len(pages) and not faces and is_as_it_was(result):
                raise no_face(path, tuple(skipped))
            if not result.faces and result.image.shape == photo.image.shape:
                yield copy_page(path, page)
                continue
            remarks.extend(f"page {number}: {remark}" for remark in photo.remarks)
            if save_faces:
                write_faces(result, target.with_name(f"{target.name}-page{number}"), overwrite)
            yield result.photo

    left_out = write_pages(each_page(), target, replace=overwrite)
    return Outcome(faces, seconds, tuple(skipped), (*remarks, *left_out), len(pages))


def restored(path: Path, photo: Photo, restore: Restore) -> RestoredPhoto:
    """The restored photo, or an error that says of which file it is."""
    try:
        return restore(photo)
    except RetratoError as error:
        raise type(error)(f"{path}: {error}") from error


def is_as_it_was(result: RestoredPhoto) -> bool:
    """Whether no model had its hand in it, so that there is nothing to write."""
    return not result.faces and result.enlarged_by is None


def no_face(path: Path, skipped: tuple[str, ...]) -> NoFace:
    """What to say of a file in which nothing was found that can be restored."""
    left = f" that can be restored ({'; '.join(skipped)})" if skipped else ""
    return NoFace(f"{path}: no face found{left}; try turning it upright, or --aligned if it is a face cut out closely")


def write_faces(result: RestoredPhoto, target: Path, overwrite: bool) -> None:
    """Each face's crop, restored crop and both side by side, in the folder `faces` beside the target.

    Raises:
        UnwritableOutput: one cannot be written.
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
            write_image(photo, folder / f"{target.name}-{index}-{kind}.png", replace=overwrite)


def describe(outcome: Outcome) -> str:
    """How many faces, what each step took, which faces were left, and what of the file is not in the result."""
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in outcome.seconds.items())
    where = f" on {counted(outcome.pages, 'page')}" if outcome.pages > 1 else ""
    skipped = outcome.skipped
    left = f"; {counted(len(skipped), 'face')} left as found: {'; '.join(skipped)}" if skipped else ""
    notes = "".join(f"\n  note: {note}" for note in outcome.notes)
    return f"{counted(outcome.faces, 'face')}{where} ({steps}){left}{notes}"


def why_skipped(result: RestoredPhoto) -> tuple[str, ...]:
    """Where the faces are that are left as they were, and why."""
    return tuple(f"at {each.face.box.left:.0f}, {each.face.box.top:.0f}: {each.reason}" for each in result.skipped)
