"""`retrato weights`."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import click

from retrato.cli.fetching import fetch
from retrato.cli.text import counted, megabytes, table
from retrato.errors import RetratoError, UnavailableWeights
from retrato.weights.bundle import BUNDLED_FILES, BundledFile, bundled_file
from retrato.weights.catalog import PublishedFile, published_file, published_names
from retrato.weights.copies import (
    OFFLINE_FOLDER,
    Copy,
    Finding,
    copies,
    find_copy,
    offline_folder,
    part_of,
    record_of,
    weights_home,
)

LAYOUTS = ("clean", "bilinear", "original")
"""The values of `names.kinds.Kind`, known without loading torch."""


@click.group(name="weights")
def command() -> None:
    """The published models that retrato knows: which there are, which are here, and how to get them here.

    Everything that needs one downloads it by itself. Where there is no connection, put the files into a folder and set
    RETRATO_WEIGHTS to it. Downloads are kept in ~/.cache/retrato/weights, or in the folder `weights` of the one that
    RETRATO_HOME names.
    """


@dataclass(frozen=True)
class Listed:
    """What `list` says of one file."""

    name: str
    version: str | None
    good_at: str
    licence: str
    size_bytes: int | None
    here: str | None
    """bundled, downloaded, offline folder, half downloaded, or broken; null where it is not here at all."""
    path: str | None
    file_name: str
    urls: tuple[str, ...]
    sha256: str | None

    @classmethod
    def of(cls, file: PublishedFile | BundledFile) -> Listed:
        """As it is now."""
        if isinstance(file, BundledFile):
            there = (file.path.stat().st_size, "bundled", str(file.path))
            return cls(file.name, None, file.purpose, file.licence, *there, file.file_name, (), None)
        here, path, found_bytes = _whereabouts(file)
        size_bytes = found_bytes if file.size_bytes is None else file.size_bytes
        known = (size_bytes, here, None if path is None else str(path))
        return cls(file.name, file.version, file.purpose, file.licence, *known, file.file_name, file.urls, file.sha256)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs: all that is known of each, addresses included.")
def list_command(as_json: bool) -> None:
    """Which there are.

    What each is good at, its licence, its size, and whether it is here.
    """
    files: list[PublishedFile | BundledFile] = [*BUNDLED_FILES, *map(published_file, published_names())]
    listed = [Listed.of(each) for each in files]
    if as_json:
        click.echo(json.dumps([vars(each) for each in listed], indent=1))
        return
    header = ("name", "size", "here", "licence", "what it is good at")
    rows = [(each.name, megabytes(each.size_bytes), each.here or "no", each.licence, each.good_at) for each in listed]
    click.echo(table(header, rows, shutil.get_terminal_size((120, 24)).columns))


@command.command(name="download")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Into this folder, to carry elsewhere; by default to where retrato looks for them.",
)
def download_command(names: tuple[str, ...], folder: Path | None) -> None:
    """Fetch some.

    They are checked. A download that broke off goes on where it stopped. Exit code: 0 when all are there, 1 when some
    could not be fetched, 130 when stopped.
    """
    wanted = _published(names)
    failed = 0
    for published in wanted:
        try:
            found = None if folder else find_copy(published)
            click.echo(f"{published.name}: {found or fetch(published, folder or weights_home())}")
        except UnavailableWeights as error:
            click.echo(f"not done: {error}", err=True)
            failed += 1
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on where it was", err=True)
            raise SystemExit(130) from None
    if failed:
        raise SystemExit(1)


@command.command(name="verify")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def verify_command(names: tuple[str, ...]) -> None:
    """Compare with what is published.

    By size and SHA-256: all that are here, or those that are named. Exit code: 0 when all are right, 1 when one is
    wrong or one that was named is not here.
    """
    wanted = _published(names or tuple(published_names()))
    checked = 0
    wrong = []
    for published in wanted:
        found = list(copies(published))
        checked += len(found)
        for copy in found:
            click.echo(f"{published.name}: {_verdict(published, copy)}: {copy.path}")
        wrong += [_remedy(published, copy) for copy in found if not copy.finding.is_right]
        if names and not found:
            wrong.append(f"{published.name} is not here: retrato weights download {published.name}")
    if not names:
        click.echo(f"{counted(checked, 'file')} checked" if checked else "none of the published files is here")
    for remedy in wrong:
        click.echo(remedy, err=True)
    if wrong:
        raise SystemExit(1)


@command.command(name="path")
@click.argument("name", metavar="NAME")
@click.option("--download", "fetches", is_flag=True, help="Fetch it if it is not here.")
def path_command(name: str, fetches: bool) -> None:
    """Where a file is, for scripts.

    Prints its path and nothing else; exit code 1 if it is not here.
    """
    bundled = bundled_file(name)
    if bundled:
        click.echo(bundled.path)
        return
    published = published_file(name)
    found = find_copy(published)
    if found is None and not fetches:
        raise UnavailableWeights(
            f"{name} is not here: retrato weights download {name} fetches it; without a connection put "
            f"{published.file_name} into a folder and set {OFFLINE_FOLDER} to it"
        )
    click.echo(found or fetch(published, weights_home()))


@command.command(name="convert")
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    show_default=True,
    help="Of a .pth: clean, as v1.2 to v1.4, which most programs read; bilinear, what these were trained as; original, "
    "as v1. The last is for networks with FIR resampling, the others for bilinear ones.",
)
@click.option("--any-shape", is_flag=True, help="Write shapes, too, that programs for published files must be told.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
def convert_command(source: str, target: Path, layout: str, any_shape: bool, overwrite: bool) -> None:
    """Write a model in another layout.

    A GFP-GAN or StyleGAN2: INPUT is a name of `retrato weights list` or a file, published or ours. OUTPUT's suffix says
    what it becomes: .safetensors is retrato's layout, .pth the published one, which gfpgan, spandrel and what is built
    on them read.
    """
    from retrato.images.files import require_writable
    from retrato.weights.convert import convert
    from retrato.weights.names.kinds import Kind

    require_writable(target, replace=overwrite)
    try:
        converted = convert(source, target, Kind(layout), any_shape=any_shape)
    except RetratoError as error:
        raise type(error)(f"{source}: {error}") from error
    for note in converted.notes:
        click.echo(f"note: {note}")
    click.echo(f"{source} ({converted.source}) -> {target} ({converted.target})")


def _published(names: tuple[str, ...]) -> list[PublishedFile]:
    """The entries of those names; of bundled ones it is said that there is nothing to do."""
    published = [published_file(name) for name in dict.fromkeys(names) if not bundled_file(name)]
    for bundled in filter(None, map(bundled_file, names)):
        click.echo(f"{bundled.name}: comes with the package: {bundled.path}")
    return published


def _whereabouts(published: PublishedFile) -> tuple[str | None, Path | None, int | None]:
    """In what way a file is here, where, and how large."""
    found = list(copies(published))
    right = [copy for copy in found if copy.finding.is_right]
    for copy in (right or found)[:1]:
        place = "offline folder" if copy.path.parent == offline_folder() else "downloaded"
        return place if right else f"broken ({copy.finding})", copy.path, copy.size_bytes
    part = part_of(weights_home() / published.file_name)
    return ("half downloaded" if part.exists() else None), None, None


def _verdict(published: PublishedFile, copy: Copy) -> str:
    match copy.finding:
        case Finding.TRUNCATED | Finding.TOO_LONG:
            return f"{copy.finding}, {copy.size_bytes:,} of {published.size_bytes:,} bytes"
        case _:
            return str(copy.finding)


def _remedy(published: PublishedFile, copy: Copy) -> str:
    again = f"delete {copy.path}, then: retrato weights download {published.name}"
    if copy.finding is Finding.CHANGED:
        record = record_of(copy.path)
        again += f"; if you know that its publisher has changed it, delete {record} as well"
    return f"{published.name}: {copy.finding}: {again}"
