"""Going through photos: the ones that cannot be done are named, the others go on."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from retrato.cli.text import shown
from retrato.errors import RetratoError, UnwritableOutput


def list_photos(inputs: tuple[Path, ...]) -> list[Path]:
    """Files as they are named, and the pictures in folders; a folder without any is listed itself, to be refused."""
    from retrato.images.search import photos_in

    return list(photos_in(inputs))


def each_photo(targets: Mapping[Path, Path], work: Callable[[Path, Path], str]) -> bool:
    """Do something to each photo, under a progress bar; whether all could be done.

    Args:
        targets: where the result of each photo goes; no two results may have one name.
        work: takes a photo and its target, and says what was done.
    """
    from tqdm import tqdm

    done = 0
    taken: dict[Path, Path] = {}
    with tqdm(targets.items(), unit="photo", disable=None if len(targets) > 1 else True) as bar:
        for path, target in bar:
            try:
                if target in taken:
                    raise UnwritableOutput(f"{path}: its result would have the name of {taken[target]}'s: {target}")
                taken[target] = path
                bar.write(f"{shown(path)} -> {shown(target)}: {work(path, target)}")
                done += 1
            except (RetratoError, MemoryError) as error:
                reason = f"{path}: not enough memory" if isinstance(error, MemoryError) else error
                bar.write(f"not done: {shown(reason)}", file=sys.stderr)
            except KeyboardInterrupt:
                click.echo(f"stopped after {done} of {len(targets)}; what is written is whole", err=True)
                raise SystemExit(130) from None
    return done == len(targets)
