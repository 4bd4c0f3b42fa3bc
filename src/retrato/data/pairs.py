"""Pictures of two kinds: what is given, and what it should become, in pairs or without."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import torch

from retrato.data.stored_image import StoredImage
from retrato.errors import UnusableData

SOURCE, TARGET = "source", "target"
"""Names of the two folders."""
_PAIRING_SEED = 0


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


def unpaired(places: Sequence[Sequence[StoredImage]]) -> list[StoredImage]:
    """Sources, each with some target: all pictures of both kinds, those of the smaller several times.

    Which stand together is by chance, yet always the same; nothing that learns of them compares them.

    Args:
        places: the pictures of two places, or of one that has them in the folders source and target.

    Raises:
        UnusableData: there are more places, or no pictures of a kind.
    """
    if len(places) > 2:
        raise UnusableData(f"{len(places)} places of pictures: give two, what to translate from and what to, or one")
    (images, *others) = places
    sources = images if others else [each for each in images if _name_in(SOURCE, each)]
    targets = others[0] if others else [each for each in images if _name_in(TARGET, each)]
    if not sources or not targets:
        raise UnusableData(
            f"pictures of two kinds are wanted: give two places, what to translate from and what to, or one with the "
            f"folders {SOURCE} and {TARGET}"
        )
    count = max(len(sources), len(targets))
    rng = torch.Generator().manual_seed(_PAIRING_SEED)
    firsts, seconds = (_repeated(each, count, rng) for each in (sources, targets))
    return [replace(source, target=target) for source, target in zip(firsts, seconds, strict=True)]


def _repeated(images: Sequence[StoredImage], count: int, rng: torch.Generator) -> list[StoredImage]:
    """So many, in another order each time round."""
    rounds = -(-count // len(images))
    order = torch.cat([torch.randperm(len(images), generator=rng) for _ in range(rounds)])
    return [images[index] for index in order[:count].tolist()]


def _name_in(folder: str, image: StoredImage) -> tuple[str, str] | None:
    """Place and name without ending of a picture in a folder of that name."""
    path = PurePosixPath(image.name)
    if path.parts[0] != folder or len(path.parts) < 2:
        return None
    place = str(image.file)[: -len(image.name)] if image.size_bytes is None else str(image.file)
    return place, str(path.relative_to(folder).with_suffix(""))
