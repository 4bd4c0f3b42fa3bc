"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A passing name to write to: it becomes `path` when all has gone well, and is removed when it has not."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # a name must not outlive a power cut that its content does not
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
