"""Published files on this machine: where they may be, and whether they are what their publisher offers."""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import assert_never

from retrato.errors import UnavailableWeights
from retrato.weights.catalog import PublishedFile

OFFLINE_FOLDER = "RETRATO_WEIGHTS"
"""Environment variable: a folder of published files that a person has copied here, under any names."""
HOME = "RETRATO_HOME"
"""Environment variable: where retrato keeps what it fetches; by default ~/.cache/retrato."""
SETTLED_SECONDS = 2
"""What was written longer ago shows by its time when it is written again; the coarsest clocks of disks count in two."""


class Finding(StrEnum):
    """What a file turned out to be, compared with what is published."""

    WHOLE = "whole"
    AS_RECORDED = "as it was when it was first fetched; nobody has published its SHA-256"
    UNPROVEN = "there; nobody has published its SHA-256, and none was recorded"
    TRUNCATED = "truncated"
    TOO_LONG = "too long"
    OTHER_CONTENT = "other content"
    CHANGED = "not what was first fetched"

    @property
    def is_right(self) -> bool:
        """Whether the file is used."""
        match self:
            case Finding.WHOLE | Finding.AS_RECORDED | Finding.UNPROVEN:
                return True
            case Finding.TRUNCATED | Finding.TOO_LONG | Finding.OTHER_CONTENT | Finding.CHANGED:
                return False
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Copy:
    """A published file, or what bears its name, on this machine."""

    path: Path
    finding: Finding
    size_bytes: int


@dataclass(frozen=True)
class Content:
    """What is known of a file's content."""

    size_bytes: int | None
    sha256: str | None
    record: Path | None
    """Who says so, where it is not the catalog."""

    @classmethod
    def of(cls, published: PublishedFile, path: Path) -> "Content":
        """As published, or as recorded when the file was first fetched."""
        record = record_of(path)
        if published.sha256 is not None or not record.is_file():
            return cls(published.size_bytes, published.sha256, None)
        recorded = record.read_text(errors="replace").split()
        return cls(published.size_bytes, recorded[0] if recorded else "", record)

    @property
    def source(self) -> str:
        """Who says so, in words."""
        return f"{self.record}, from when it was first fetched," if self.record else "the catalog"

    @property
    def can_be_continued(self) -> bool:
        """Whether two halves from different days can be told to belong together."""
        return self.size_bytes is not None and self.sha256 is not None

    def compared(self, path: Path) -> Finding:
        """What that file is; its SHA-256 is computed last, and only where there is one to compare with."""
        size_bytes = path.stat().st_size
        if self.size_bytes is not None and size_bytes != self.size_bytes:
            return Finding.TRUNCATED if size_bytes < self.size_bytes else Finding.TOO_LONG
        if self.sha256 is None:
            return Finding.UNPROVEN
        if self.sha256 and sha256(path).startswith(self.sha256):
            return Finding.AS_RECORDED if self.record else Finding.WHOLE
        return Finding.CHANGED if self.record else Finding.OTHER_CONTENT

    def is_in(self, path: Path) -> bool:
        """Whether that file has it."""
        return self.compared(path).is_right


def weights_home() -> Path:
    """Where fetched files are kept.

    Raises:
        UnavailableWeights: nobody says where.
    """
    try:
        return Path(os.environ.get(HOME) or Path.home() / ".cache" / "retrato") / "weights"
    except RuntimeError as error:
        raise UnavailableWeights(f"this user has no home folder: set {HOME} to a folder for downloads") from error


def offline_folder() -> Path | None:
    """Where a person has put files.

    Raises:
        UnavailableWeights: the variable names no folder.
    """
    offline = os.environ.get(OFFLINE_FOLDER)
    if offline and not os.path.isdir(offline):  # noqa: PTH112 (a Path raises where it may not look)
        raise UnavailableWeights(f"{OFFLINE_FOLDER} names {offline}, which is no folder: correct or unset it")
    return Path(offline) if offline else None


def find_copy(published: PublishedFile) -> Path | None:
    """A copy on this machine that is right, or none; the offline folder goes first.

    Raises:
        UnavailableWeights: a folder or file cannot be looked into.
    """
    return next((copy.path for copy in copies(published) if copy.finding.is_right), None)


def copies(published: PublishedFile) -> Iterator[Copy]:
    """What bears the file's name in each folder, and where nothing right does, what has its content under another name.

    Raises:
        UnavailableWeights: a folder or file cannot be looked into.
    """
    for folder in (offline_folder(), weights_home()):
        if folder is None or not os.path.isdir(folder):  # noqa: PTH112 (a Path raises where it may not look)
            continue
        try:
            yield from _copies_in(folder, published)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnavailableWeights(
                f"cannot look for {published.name} in {error.filename or folder}: {reason.lower()}; "
                "see to it that you may read there, or take the file away"
            ) from error


def _copies_in(folder: Path, published: PublishedFile) -> Iterator[Copy]:
    named = folder / published.file_name
    if named.is_file():
        finding = Content.of(published, named).compared(named)
        yield Copy(named, finding, named.stat().st_size)
        if finding.is_right:
            return
    if published.sha256 is None or published.size_bytes is None:  # its name tells it
        return
    content = Content.of(published, named)
    for other in sorted(folder.iterdir()):
        if other != named and not other.name.startswith(".") and other.is_file() and content.is_in(other):
            yield Copy(other, Finding.WHOLE, other.stat().st_size)
            return


def record_of(path: Path) -> Path:
    """Where the SHA-256 of a fetched file is kept that nobody has published."""
    return path.with_name(path.name + ".sha256")


def part_of(path: Path) -> Path:
    """Where a file is kept while it is fetched."""
    return path.with_name(path.name + ".part")


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal; computed once for each state of a file, since loading asks several times."""
    status = path.stat()
    may_change_unseen = abs(time.time() - status.st_mtime) < SETTLED_SECONDS
    compute = _sha256.__wrapped__ if may_change_unseen else _sha256
    return compute(path, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, *_state: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
