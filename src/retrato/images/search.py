"""Pictures in folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path, PurePath

from retrato.errors import UnreadableImage
from retrato.images.encoding import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Search:
    """Which pictures of a folder are meant. Hidden files and folders, whose names begin with a dot, never are."""

    recursive: bool = False
    """Whether folders inside are looked into as well; links to folders are followed, each folder once."""
    include: tuple[str, ...] = ()
    """Patterns such as *.tif or 1950/*: where there are any, only what matches one."""
    exclude: tuple[str, ...] = ()
    """Patterns of what is left out."""

    def wants(self, path: PurePath) -> bool:
        """Whether a picture is meant; `path` begins in the folder that is searched.

        A pattern is that of a name, or, with a slash, of the whole path; capitals make no difference.

        >>> search = Search(include=("*.TIF", "1950/*"), exclude=("*draft*",))
        >>> [search.wants(PurePath(each)) for each in ("a/b.tif", "1950/c.jpg", "c.jpg", "1950/draft.jpg")]
        [True, True, False, False]
        """
        wanted = not self.include or _matches(path, self.include)
        return wanted and not _matches(path, self.exclude)


def find_images(
    folder: str | PathLike[str], search: Search = Search(), *, leave_out: Sequence[Path] = ()
) -> list[Path]:
    """The pictures in a folder, by their names' endings, sorted by path.

    A folder inside that may not be looked into is listed itself, so that whoever reads it says so.

    Args:
        folder: where to look.
        search: how far, and for which.
        leave_out: folders that are not looked into, such as that of the results.

    Raises:
        UnreadableImage: there is no such folder, or it cannot be looked into.
    """
    folder = Path(folder)
    try:
        next(folder.iterdir(), None)  # raises, where walking is silent
        known = {_identity(each) for each in leave_out if each.is_dir()} - {_identity(folder)}
        found = list(_walk(folder, search.recursive, known))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnreadableImage(f"cannot look for pictures in {folder}: {reason}; name a folder") from error
    wanted = [path for path in found if search.wants(path.relative_to(folder)) or path.is_dir()]
    return sorted(wanted)


def photos_in(inputs: Sequence[Path], search: Search = Search(), *, leave_out: Sequence[Path] = ()) -> dict[Path, Path]:
    """Files as they are named, and the pictures in folders; each with its path from the folder that was named.

    A folder without pictures is listed itself, to be refused by whoever reads it.

    Raises:
        UnreadableImage: a folder cannot be looked into.
    """
    places: dict[Path, Path] = {}
    for each in inputs:
        is_folder = os.path.isdir(each)  # noqa: PTH112 (a Path raises where a name is too long, or may not be looked at)
        found = find_images(each, search, leave_out=leave_out) if is_folder else []
        for path in found or [each]:
            places.setdefault(path, path.relative_to(each) if found else Path(each.name))
    return places


def _walk(folder: Path, recursive: bool, known: set[tuple[int, int]]) -> Iterator[Path]:
    """Pictures, and folders that cannot be looked into; `known` ones are passed over, which ends loops of links."""
    refused: list[Path] = []
    for place, inside, names in os.walk(
        folder, followlinks=True, onerror=lambda error: refused.append(Path(error.filename))
    ):
        known.add(_identity(Path(place)))
        fresh = [each for each in sorted(inside) if recursive and not each.startswith(".")]
        inside[:] = [each for each in fresh if _identity(Path(place, each)) not in known]
        paths = (Path(place, name) for name in names if not name.startswith("."))
        yield from (path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    yield from refused


def _identity(folder: Path) -> tuple[int, int]:
    """The same for all names of one folder."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _matches(path: PurePath, patterns: Sequence[str]) -> bool:
    whole, name = path.as_posix().lower(), path.name.lower()
    return any(fnmatchcase(whole if "/" in each else name, each.lower()) for each in patterns)
