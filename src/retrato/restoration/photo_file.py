"""One photo file through a restorer: read, restored, written, and what became of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retrato.errors import RetratoError, UnwritableOutput
from retrato.images.files import (
    copy_page,
    digest_of_file,
    format_for,
    list_pages,
    read_image,
    require_writable,
    set_times,
    times_of,
    write_image,
    write_pages,
)
from retrato.images.grids import side_by_side
from retrato.images.photo import Photo
from retrato.images.tiff_files import CopiedPage
from retrato.restoration.report import FaceReport, Outcome, PhotoReport, faces_of
from retrato.restoration.restored import RestoredPhoto

Restore = Callable[[Photo], RestoredPhoto]


class _NothingRestoredError(Exception):
    """Stops the writing of pages of which none has changed."""


@dataclass(frozen=True)
class Writing:
    """How results are written."""

    overwrite: bool = False
    """Whether files that exist may be replaced."""
    save_faces: bool = False
    """Whether each face is written too: cut out, restored, and side by side."""
    keep_times: bool = False
    """Whether results get the times of their photos: when last read and changed."""


def restore_file(path: Path, target: Path, restore: Restore, writing: Writing = Writing()) -> PhotoReport:
    """Read, restore and write one photo, or each page of a TIFF; nothing is written where no face can be restored.

    Raises:
        RetratoError: it cannot be read, restored or written.
    """
    times = times_of(path)
    digest = digest_of_file(path)
    pages = list_pages(path)
    if len(pages) > 1 and format_for(target) == "TIFF":
        report = _restore_pages(path, pages, target, restore, writing)
    else:
        report = _restore_picture(path, target, restore, writing)
    if writing.keep_times and report.outcome is Outcome.RESTORED:
        set_times(target, times)
    return replace(report, digest=digest)


def _restore_picture(path: Path, target: Path, restore: Restore, writing: Writing) -> PhotoReport:
    photo = read_image(path)
    format_for(target)
    require_writable(target, replace=writing.overwrite)
    result, remarks = _restored(path, photo, restore), photo.remarks
    del photo  # whose pixels would take memory while those of the result are written
    faces = tuple(faces_of(result))
    if is_as_it_was(result):
        return PhotoReport(path, target, Outcome.NO_FACE, faces, result.seconds, reason=no_face(path, faces))
    left_out = write_image(result.photo, target, replace=writing.overwrite)
    if writing.save_faces:
        try:
            write_faces(result, target, writing.overwrite)
        except UnwritableOutput as error:
            raise UnwritableOutput(f"{target} is restored, but a face is not saved: {error}") from error
    notes = remarks + left_out
    return PhotoReport(path, target, Outcome.RESTORED, faces, result.seconds, notes, turns=result.turns)


def _restore_pages(path: Path, pages: tuple[int, ...], target: Path, restore: Restore, writing: Writing) -> PhotoReport:
    """One page of a TIFF after the other; those without a face are copied."""
    faces, seconds, remarks, turns = list[FaceReport](), Counter[str](), list[str](), list[int]()

    def each_page() -> Iterator[Photo | CopiedPage]:
        is_changed = False
        for number, page in enumerate(pages, start=1):
            photo = read_image(path, page=page)
            result = _restored(path, photo, restore)
            seconds.update(result.seconds)
            turns.append(result.turns)
            faces.extend(faces_of(result, number))
            is_changed = is_changed or bool(result.faces) or not is_as_it_was(result)
            if number == len(pages) and not is_changed:
                raise _NothingRestoredError
            if not result.faces and result.image.shape == photo.image.shape:
                yield copy_page(path, page)
                continue
            remarks.extend(f"page {number}: {remark}" for remark in photo.remarks)
            if writing.save_faces:
                write_faces(result, target.with_name(f"{target.name}-page{number}"), writing.overwrite)
            yield result.photo

    try:
        left_out = write_pages(each_page(), target, replace=writing.overwrite)
    except _NothingRestoredError:
        reason = no_face(path, faces, several=True)
        return PhotoReport(path, target, Outcome.NO_FACE, tuple(faces), seconds, pages=len(pages), reason=reason)
    notes = (*remarks, *left_out)
    return PhotoReport(path, target, Outcome.RESTORED, tuple(faces), seconds, notes, pages=len(pages), turns=turns[0])


def _restored(path: Path, photo: Photo, restore: Restore) -> RestoredPhoto:
    """The restored photo, or an error that says of which file it is."""
    try:
        return restore(photo)
    except RetratoError as error:
        raise type(error)(f"{path}: {error}") from error


def is_as_it_was(result: RestoredPhoto) -> bool:
    """Whether no model had its hand in it, so that there is nothing to write."""
    return not result.faces and result.enlarged_by is None


def no_face(path: Path, left: Sequence[FaceReport], *, several: bool = False) -> str:
    """What to say of a file in which nothing was found that can be restored.

    Args:
        path: the file.
        left: the faces that were found.
        several: whether it has several pages.
    """
    if left:
        return f"{path}: no face found that can be restored ({'; '.join(why_left(left, several=several))})"
    return f"{path}: no face found; if it is a face cut out closely, try --aligned"


def why_left(left: Sequence[FaceReport], *, several: bool) -> list[str]:
    """Where the faces are that are left as they were, and why; on which page, of a file with several."""
    return [f"{_place(each, several)}: {each.left_because}" for each in left]


def how_far_trusted(guessed: Sequence[FaceReport], *, several: bool) -> list[str]:
    """Where the faces are that are largely guessed, and how little they can be trusted."""
    return [f"{_place(each, several)}: trust {each.trust:.2f}" for each in guessed]


def _place(face: FaceReport, several: bool) -> str:
    return f"{f'page {face.page} ' if several else ''}at {face.box[0]:.0f}, {face.box[1]:.0f}"


def write_faces(result: RestoredPhoto, target: Path, overwrite: bool) -> None:
    """Each face's crop, restored crop and both side by side, in the folder `faces` beside the target.

    Raises:
        UnwritableOutput: one cannot be written.
    """
    exif = result.photo.exif  # has the mark
    folder = target.parent / "faces"
    for index, face in enumerate(result.faces):
        both = side_by_side([face.crop.image, face.restored])
        pictures = {"crop": Photo(face.crop.image)}
        pictures |= {"restored": Photo(face.restored, exif=exif), "both": Photo(both, exif=exif)}
        for kind, photo in pictures.items():
            write_image(photo, folder / f"{target.name}-{index}-{kind}.png", replace=overwrite)
