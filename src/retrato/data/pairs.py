"""Pairs of pictures in two folders: what is given, and what it should become."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from retrato.data.stored_image import StoredImage
from retrato.errors import UnusableData

SOURCE, TARGET = "source", "target"
"""Names of the two folders."""


def paired(images: Sequence[StoredImage]) -> list[StoredImage]:
    """Sources with their targets, which have the same name without ending; pictures in no such folder as they are.

    Raises:
        UnusableData: a source has no target, or a target no source.
    """
    sources = {key: each for each in images if (key := _name_in(SOURCE, each))}
    targets = {key: each for each in images if (key := _name_in(TARGET, each))}
    alone = sorted(sources.keys() ^ targets.keys())
    if alone:
        has, lacks = (SOURCE, TARGET) if alone[0] in sources else (TARGET, SOURCE)
        raise UnusableData(
            f"{alone[0][1]} is in the folder {has}, and not in {lacks}: give both pictures of a pair the same name"
        )
    others = [each for each in images if not _name_in(SOURCE, each) and not _name_in(TARGET, each)]
    return [*others, *(replace(source, target=targets[key]) for key, source in sources.items())]


def _name_in(folder: str, image: StoredImage) -> tuple[str, str] | None:
    """Place and name without ending of a picture in a folder of that name."""
    path = PurePosixPath(image.name)
    if path.parts[0] != folder or len(path.parts) < 2:
        return None
    place = str(image.file)[: -len(image.name)] if image.size_bytes is None else str(image.file)
    return place, str(path.relative_to(folder).with_suffix(""))
