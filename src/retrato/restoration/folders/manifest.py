"""What the results in a folder were made of, so that a run that was stopped goes on where it was.

One line of JSON for each result that is begun, and one when it is written; a line that a killed process left torn
counts as none. What is begun and not written is made again, and may be replaced: it is ours.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from retrato.errors import UnreadableImage, UnwritableOutput
from retrato.folder_lock import taken
from retrato.images.files import digest_of_file
from retrato.restoration.folders.jobs import Job
from retrato.restoration.report import Outcome, PhotoReport

FOLDER_NAME = ".retrato"
FILE_NAME = "manifest.jsonl"
UNFINISHED = re.compile(r"\.retrato-[0-9a-f]{16}\.part")
"""The passing names of files that are being written (`images.files`)."""


class Manifest:
    """Of one folder of results, while this process is the only one that works in it."""

    def __init__(self, folder: Path, fingerprint: str, file: IO[str], entries: Mapping[str, Mapping[str, Any]]) -> None:
        """See `opened`."""
        self._folder = folder
        self._fingerprint = fingerprint
        self._file = file
        self._entries = dict(entries)

    def is_ours(self, job: Job) -> bool:
        """Whether what has the target's name may be replaced: as it was made here, or begun and never finished."""
        entry = self._entries.get(job.name)
        return entry is not None and not entry.get("failed") and ("report" not in entry or self._is_as_made(job, entry))

    def has_replaced_its_photo(self, job: Job) -> bool:
        """Whether the photo is itself a result: what it was made from is gone."""
        entry = self._entries.get(job.name, {})
        are_there = job.target.exists() and job.source.exists()
        return are_there and job.target.samefile(job.source) and self._is_as_made(job, entry)

    def done_before(self, job: Job) -> PhotoReport | None:
        """What became of a job, where all is as it was: the photo's content, the settings, and the result."""
        entry = self._entries.get(job.name, {})
        if "report" not in entry or entry.get("settings") != self._fingerprint:
            return None
        try:
            record = {**entry["report"], "photo": job.source, "result": job.target}
            if entry["result"] is None:
                is_as_it_was, outcome = digest_of_file(job.source) == record["sha256"], Outcome.NO_FACE
            else:
                is_same_photo = job.target.samefile(job.source) or digest_of_file(job.source) == record["sha256"]
                is_as_it_was, outcome = is_same_photo and self._is_as_made(job, entry), Outcome.DONE_BEFORE
            return PhotoReport.from_record(record, outcome) if is_as_it_was else None
        except (UnreadableImage, OSError, KeyError, TypeError, ValueError):
            return None

    def begin(self, job: Job) -> None:
        """Says that the target will be ours.

        Raises:
            UnwritableOutput: it cannot be written down.
        """
        self._add(job.name, {})

    def finish(self, job: Job, report: PhotoReport) -> None:
        """Says that a job is done; one that failed is not, and will be tried again.

        Args:
            job: which.
            report: what became of it.

        Raises:
            UnwritableOutput: it cannot be written down.
        """
        if report.outcome is Outcome.FAILED:
            self._add(job.name, {"failed": True})
            return
        result = digest_of_file(job.target) if report.outcome is Outcome.RESTORED else None
        self._add(job.name, {"settings": self._fingerprint, "result": result, "report": report.record()})

    @staticmethod
    def _is_as_made(job: Job, entry: Mapping[str, Any]) -> bool:
        """Whether what has the target's name is what was written there: not if somebody has retouched it."""
        try:
            return entry.get("result") is not None and digest_of_file(job.target) == entry["result"]
        except UnreadableImage:
            return False

    def _add(self, name: str, entry: Mapping[str, Any]) -> None:
        self._entries[name] = entry
        try:
            self._file.write(json.dumps({"name": name, **entry}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UnwritableOutput(f"cannot write {self._file.name}: {error.strerror or error}") from error


@contextmanager
def opened(folder: Path, fingerprint: str) -> Iterator[Manifest]:
    """The manifest of a folder, made if it has none; what a killed process left unfinished there is removed.

    Args:
        folder: where the results go.
        fingerprint: of the settings that results are made with.

    Raises:
        FolderInUse: another process is working in the folder.
        UnwritableOutput: it cannot be written.
    """
    home = folder / FOLDER_NAME
    with taken(home), _opened_file(folder, home / FILE_NAME) as (file, entries):
        yield Manifest(folder, fingerprint, file, entries)


@contextmanager
def _opened_file(folder: Path, path: Path) -> Iterator[tuple[IO[str], dict[str, Mapping[str, Any]]]]:
    try:
        entries = dict(_entries_in(path)) if path.exists() else {}
        _sweep(folder, entries)
        file = path.open("a", encoding="utf-8")
        _end_torn_line(path, file)
    except OSError as error:
        raise UnwritableOutput(f"cannot write {path}: {error.strerror or error}; choose another folder") from error
    with file:
        yield file, entries


def _entries_in(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By target, the latest last; lines that say nothing are passed over."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
                name = PurePosixPath(entry.pop("name"))
                if ".." not in name.parts and not name.is_absolute():  # results lie in the folder
                    yield str(name), entry
            except (ValueError, KeyError, AttributeError, TypeError):
                continue


def _end_torn_line(path: Path, file: IO[str]) -> None:
    with path.open("rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(max(0, size - 1))
        if content.read(1) not in {b"", b"\n"}:
            file.write("\n")


def _sweep(folder: Path, entries: Mapping[str, object]) -> None:
    """Removes what is unfinished beside the results: nobody else is at work here."""
    places = {(folder / name).parent for name in entries} | {folder}
    for place in places | {each / "faces" for each in places}:
        if place.is_dir():
            for each in place.iterdir():
                if UNFINISHED.fullmatch(each.name):
                    each.unlink(missing_ok=True)
