"""One process at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from retrato.errors import FolderInUse, UnwritableOutput

LOCK_NAME = ".lock"


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Keep other processes of ours out of a folder, which is made if it is not there; one that dies lets it go.

    Raises:
        FolderInUse: another one has it.
        UnwritableOutput: the folder cannot be written.
    """
    lock = FileLock(folder / LOCK_NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderInUse(
            f"another process is working in {folder}: wait until it is done, stop it, or name another folder"
        ) from None
    except OSError as error:
        raise UnwritableOutput(f"cannot write to {folder}: {error.strerror or error}; name another folder") from error
    try:
        yield
    finally:
        lock.release()
