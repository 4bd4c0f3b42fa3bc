"""A folder of prepared faces: a picture and its facts for each, and a log of the photos that are done."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from retrato.data.quality import Flaw
from retrato.errors import UnusableData, UnwritableOutput
from retrato.whole_files import written_whole

LOG_NAME = "prepared.jsonl"
LONGEST_STEM_BYTES = 200
"""File systems take 255; a number, an ending and the mark of a passing name come to it."""

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What a line raises that is no record of ours."""


@dataclass(frozen=True)
class KeptFace:
    """A face that was written."""

    file: str
    """Of its picture, within the folder, with / between folders; its facts are beside it, ending in .json."""
    hash: str
    """What it looks like: 64 hexadecimal digits."""


@dataclass(frozen=True)
class DroppedFace:
    """A face that was found and not kept."""

    flaw: Flaw
    reason: str
    """In words, with what was found and what is asked."""
    box: tuple[float, ...]
    """Left, top, right, bottom in photo pixels."""
    twin: str = ""
    """Of a duplicate: the file of the face that was kept."""


@dataclass(frozen=True)
class Stamp:
    """By what a changed file is known."""

    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp | None":
        """Of a file; None if there is no such file."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class PreparedPhoto:
    """What became of one photo."""

    photo: str
    """Its name: the given folder's, its subfolders' and its own, with / between."""
    stamp: Stamp | None
    """Of the file that was read; None if there was none."""
    kept: tuple[KeptFace, ...] = ()
    dropped: tuple[DroppedFace, ...] = ()
    problem: str = ""
    """Why the photo could not be read; empty if it could."""
    was_done_before: bool = False
    """Whether an earlier run did it, and nothing was left to do."""


@dataclass(frozen=True, eq=False)
class NewFace:
    """A face to be written."""

    file: str
    """Of its picture, within the folder."""
    picture: bytes
    """The content of that file."""
    facts: Mapping[str, Any]
    """What is written beside it, as JSON."""


class PreparedFolder:
    """Faces and log of one folder.

    Each file is there whole or not at all, and a photo is in the log once all of its faces are: whatever stops the
    work, at most one photo has to be done again.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], suffix: str) -> None:
        """Make the folder, or go on with it.

        Args:
            folder: where.
            settings: what the faces hang on; plain values, by name.
            suffix: of the pictures' names, such as .webp.

        Raises:
            UnusableData: the folder was begun with other settings.
            UnwritableOutput: it cannot be written.
        """
        self.folder = folder
        self.suffix = suffix
        self.fingerprint = blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=8).hexdigest()
        with self._in_words():
            folder.mkdir(parents=True, exist_ok=True)
            lines = self._whole_lines()
            self._require_same(lines, settings)
            self._log = (folder / LOG_NAME).open("ab", buffering=0)  # a line is one write: it is there, or it is not
            if not lines:
                self._append({"settings": dict(settings)})
        self.photos = {each.photo: each for line in lines if (each := self._photo_of(line))}
        """What is known of each photo, by name; of several lines the last counts."""
        self._owners = {
            _stem_of(face.file).casefold(): each.photo for each in self.photos.values() for face in each.kept
        }

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def done(self, stamps: Mapping[str, Stamp | None]) -> dict[str, PreparedPhoto]:
        """Photos with which an earlier run was done, by name.

        Not those that could not be read, that have changed, or whose faces are no longer there; nor those with a
        duplicate of a face that has to be done again itself.
        """
        photos = [self.photos[name] for name in stamps if name in self.photos]
        fresh = [each for each in photos if each.stamp == stamps[each.photo] and self._is_whole(each)]
        stale = {each.photo for each in photos} - {each.photo for each in fresh}
        lost = {face.file for name in stale for face in self.photos[name].kept}
        return {each.photo: each for each in fresh if not any(face.twin in lost for face in each.dropped)}

    def face_file(self, photo: str, number: int) -> str:
        """The name for the picture of a photo's face.

        It begins as the photo's, unless another photo has taken that: x.jpg and x.png are two photos, and so are x.jpg
        and X.jpg, which many disks hold for one name.
        """
        stem = free = _stem_for(photo)
        attempt = 1
        while self._owners.setdefault(free.casefold(), photo) != photo:
            attempt += 1
            free = f"{stem}-{attempt}"
        return f"{free}-{number}{self.suffix}"

    def write(self, photo: PreparedPhoto, faces: Sequence[NewFace]) -> None:
        """Write a photo's faces and then its line in the log; what an earlier version of the photo left is removed.

        Args:
            photo: what became of it.
            faces: those that it keeps.

        Raises:
            UnwritableOutput: the disk is full, or the folder may not be written.
        """
        before = self.photos.get(photo.photo)
        with self._in_words():
            for new in faces:
                self._write_face(new)
            files = {each.file for each in photo.kept}
            for face in before.kept if before else ():
                if face.file not in files:
                    self._remove(face.file)
            if photo != before:
                self._append(self._line_of(photo))
        self.photos[photo.photo] = photo

    def _write_face(self, face: NewFace) -> None:
        picture = self.folder / face.file
        picture.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(_facts_beside(picture)) as temporary:
            temporary.write_text(json.dumps(dict(face.facts), indent=1))
        with written_whole(picture) as temporary:
            temporary.write_bytes(face.picture)

    def _remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        _facts_beside(self.folder / name).unlink(missing_ok=True)

    def _is_whole(self, photo: PreparedPhoto) -> bool:
        pictures = [self.folder / face.file for face in photo.kept]
        return not photo.problem and all(each.is_file() and _facts_beside(each).is_file() for each in pictures)

    def _whole_lines(self) -> list[Any]:
        """The log; half a line at its end, which a killed process may leave, is cut off, and no other can be broken."""
        log = self.folder / LOG_NAME
        if not log.exists():
            return []
        content = log.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(log, len(whole))
        return [_parsed(line) for line in whole.splitlines()]

    def _require_same(self, lines: Sequence[Any], settings: Mapping[str, Any]) -> None:
        if not lines:
            return
        begun = lines[0].get("settings") if isinstance(lines[0], dict) else None
        if not isinstance(begun, dict):
            raise UnusableData(f"{self.folder / LOG_NAME} is no log of prepared photos: use another folder")
        names = [name for name in sorted(settings.keys() | begun.keys()) if settings.get(name) != begun.get(name)]
        if names:
            differing = ", ".join(f"{name} {begun.get(name)} and not {settings.get(name)}" for name in names)
            raise UnusableData(
                f"{self.folder} was begun with other settings ({differing}): use the same ones, or another folder"
            )

    def _line_of(self, photo: PreparedPhoto) -> dict[str, Any]:
        line = asdict(photo)
        del line["was_done_before"]
        return {**line, "settings_fingerprint": self.fingerprint}

    def _photo_of(self, line: Any) -> PreparedPhoto | None:
        """What a line says; None of a line that is none of ours, or was made with other settings."""
        try:
            if line["settings_fingerprint"] != self.fingerprint:
                return None
            stamp = line["stamp"] and Stamp(**line["stamp"])
            kept = tuple(KeptFace(**face) for face in line["kept"])
            dropped = tuple(
                DroppedFace(Flaw(face["flaw"]), face["reason"], tuple(face["box"]), face["twin"])
                for face in line["dropped"]
            )
            return PreparedPhoto(line["photo"], stamp, kept, dropped, line["problem"])
        except MALFORMED:
            return None

    def _append(self, line: Mapping[str, Any]) -> None:
        self._log.write(json.dumps(line).encode() + b"\n")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UnwritableOutput(
                f"cannot write to {self.folder}: {error.strerror or error}; free some space or name another folder"
            ) from error


def _stem_for(photo: str) -> str:
    """Without dots, at the first of which WebDataset ends a name, and without what is no Unicode."""
    folders, slash, name = photo.rpartition("/")
    stem = (name.rpartition(".")[0] or name).replace(".", "-")
    short = stem.encode(errors="surrogateescape")[:LONGEST_STEM_BYTES].decode(errors="ignore")
    return folders + slash + (short or "photo")


def _stem_of(file: str) -> str:
    """What the names of all faces of that face's photo begin with."""
    return file.rpartition("-")[0]


def _facts_beside(picture: Path) -> Path:
    return picture.with_suffix(".json")


def _parsed(line: bytes) -> Any:
    """None of a line that is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
