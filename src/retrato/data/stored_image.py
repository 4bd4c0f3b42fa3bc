"""Where the bytes of a picture stand."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StoredImage:
    """Where the bytes of a picture stand."""

    name: str
    """Within its folder or archive, with / between folders."""
    file: Path
    start: int = 0
    size_bytes: int | None = None
    """None for the whole file."""
    source: str = ""
    """Pictures of one source are more alike than others: a subfolder, what stands before a name's first underscore, or
    else the folder or archive."""
    notes: "StoredImage | None" = None
    """Where the JSON beside it stands, which says where eyes and mouth are (`retrato prepare` writes it)."""

    target: "StoredImage | None" = None
    """Where what it should become stands, for a pair in two files."""

    def read(self) -> bytes:
        """The picture file's bytes."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return file.read(-1 if self.size_bytes is None else self.size_bytes)
