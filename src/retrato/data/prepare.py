"""From any photos to aligned faces to learn from."""

import logging
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from retrato.data.duplicates import KnownFaces, bits_of
from retrato.data.examine import ExaminedPhoto, PrepareConfig, examine_all
from retrato.data.prepared import DroppedFace, KeptFace, NewFace, PreparedFolder, PreparedPhoto, Stamp
from retrato.data.quality import Flaw
from retrato.errors import UnusableData
from retrato.folder_lock import taken
from retrato.images.encoding import IMAGE_SUFFIXES, suffix_for

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoFile:
    """A photo to look for faces in."""

    name: str
    """Begins with the name of the folder that was given, so that photos from several folders stay apart."""
    file: Path


def prepare(
    photos: Sequence[PhotoFile], folder: Path, config: PrepareConfig | None = None, processes: int = 1
) -> Generator[PreparedPhoto, None, None]:
    """Write the faces of photos that are good to learn from; what became of each photo, in the given order.

    Photos that an earlier call was done with are passed over. Of copies of a face, the first is kept, or the one that
    an earlier call kept. The result depends neither on the number of processes nor on interruptions.

    Beside each crop, a JSON file says where it comes from and what was measured: `photo`, `box` in the photo's pixels,
    `landmarks` and `components` (x, y, side) in widths of the crop, `score`, `scale`, `outside`, `turn`, `sharpness`
    (see `Quality`) and `hash`.

    Args:
        photos: from `find_photos`.
        folder: where faces go: NAME-0.webp, NAME-1.webp, ... for the photo NAME.jpg, in its subfolders.
        config: which faces, and how.
        processes: how many photos to look at at a time. With more than one, new Python processes import the main
            module, whose work must then stand behind `if __name__ == "__main__"`.

    Raises:
        UnusableData: the folder was begun with another config.
        FolderInUse: another process prepares faces in it.
        UnwritableOutput: the folder cannot be written; the photos that are done stay done.
        NotEnoughMemory: a process died; the same.
    """
    config = config or PrepareConfig()
    with taken(folder), closing(PreparedFolder(folder, config.settings, suffix_for(config.format))) as prepared:
        done = prepared.done({photo.name: Stamp.of(photo.file) for photo in photos})
        left = [photo for photo in photos if photo.name not in done]
        known = _known_faces(prepared, without={photo.name for photo in left}, same_face=config.same_face)
        with closing(examine_all([photo.file for photo in left], config, processes)) as examined:
            for photo in photos:
                if photo.name in done:
                    yield replace(done[photo.name], was_done_before=True)
                else:
                    yield _settle(photo.name, next(examined), known, prepared)


def _known_faces(prepared: PreparedFolder, without: set[str], same_face: int) -> KnownFaces:
    """All that are kept, but for those of photos that are to be done again."""
    known = KnownFaces(same_face)
    for photo in prepared.photos.values():
        for face in photo.kept if photo.photo not in without else ():
            known.add(face.file, bits_of(face.hash))
    return known


def _settle(name: str, examined: ExaminedPhoto, known: KnownFaces, prepared: PreparedFolder) -> PreparedPhoto:
    """Write a photo's faces, but for those that are known."""
    kept: list[KeptFace] = []
    new: list[NewFace] = []
    dropped = list(examined.dropped)
    for candidate in examined.candidates:
        twin = known.find(candidate.appearance)
        if twin:
            dropped.append(DroppedFace(Flaw.DUPLICATE, f"the same face is kept as {twin}", candidate.box, twin))
            continue
        file = prepared.face_file(name, len(kept))
        known.add(file, candidate.appearance.hash)
        kept.append(KeptFace(file, candidate.facts["hash"]))
        new.append(NewFace(file, candidate.picture, {"photo": name, **candidate.facts}))
    photo = PreparedPhoto(name, examined.stamp, tuple(kept), tuple(dropped), examined.problem)
    prepared.write(photo, new)
    return photo


def find_photos(places: Sequence[Path], leave_out: Path) -> list[PhotoFile]:
    """Photos that are named one by one, and those in folders and their subfolders, sorted by name.

    Hidden files are left out, and links to folders are not followed: they may lead in a circle.

    Args:
        places: files and folders.
        leave_out: the folder that the faces go to, which may lie in one of the others.

    Raises:
        UnusableData: a place does not exist or holds no pictures, or two photos would have one name.
    """
    found: dict[str, Path] = {}
    for place in places:
        photos = list(_in_folder(place, leave_out)) if place.is_dir() else [_photo(place)] if place.is_file() else []
        if not photos:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            raise UnusableData(f"no photos in {place}: name a folder with files of {kinds}, or such a file")
        for photo in photos:
            other = found.setdefault(photo.name, photo.file)
            if os.path.abspath(other) != os.path.abspath(photo.file):  # noqa: PTH100 (a link in a circle has no end)
                raise UnusableData(
                    f"{other} and {photo.file} would both be called {photo.name}: name the folder above both"
                )
    return [PhotoFile(name, found[name]) for name in sorted(found)]


def _in_folder(folder: Path, leave_out: Path) -> Iterator[PhotoFile]:
    out = leave_out.resolve()
    for parent, folders, names in os.walk(folder, onerror=_note_unreadable):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != out]
        for name in names:
            if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("."):
                file = here / name
                yield PhotoFile(f"{_name_of(folder)}/{file.relative_to(folder).as_posix()}", file)


def _note_unreadable(error: OSError) -> None:
    logger.warning("leaving out the folder %s: %s", error.filename, error.strerror)


def _photo(file: Path) -> PhotoFile:
    return PhotoFile(f"{_name_of(file.parent)}/{file.name}", file)


def _name_of(folder: Path) -> str:
    """Also of . and .. and /; and without the dot of a hidden folder, in which no training would find the faces."""
    return folder.resolve().name.lstrip(".") or "photos"
