"""Which photos are to be restored, and where their results go."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrato.images.files import IMAGE_SUFFIXES, suffix_for
from retrato.images.search import Search, photos_in


@dataclass(frozen=True)
class Job:
    """One photo."""

    source: Path
    target: Path
    name: str
    """The target's path in the folder of the results, in forward slashes."""


def find_jobs(
    inputs: Sequence[Path],
    output: Path,
    search: Search = Search(),
    format_name: str | None = None,
) -> list[Job]:
    """Files as they are named, and the pictures in folders, whose results lie as they do; each file once.

    A folder without pictures is a job of its own, to be refused by whoever does it.

    Args:
        inputs: files and folders.
        output: the folder of the results, which is not searched; or, of a single photo, the name of its result.
        search: which pictures of the folders.
        format_name: Pillow's name of the format to write; by default each photo's own.

    Raises:
        UnreadableImage: a folder cannot be looked into.
    """
    places = photos_in(inputs, search, leave_out=[output])
    return [_job(path, place, output, format_name) for path, place in places.items()]


def is_file_name(output: Path) -> bool:
    """Whether an output names a picture file rather than a folder."""
    return output.suffix.lower() in IMAGE_SUFFIXES and not os.path.isdir(output)  # noqa: PTH112 (a Path may raise)


def _job(path: Path, place: Path, output: Path, format_name: str | None) -> Job:
    target = output if is_file_name(output) else output / place
    if format_name:
        target = target.with_suffix(suffix_for(format_name))
    return Job(path, target, target.name if is_file_name(output) else target.relative_to(output).as_posix())
