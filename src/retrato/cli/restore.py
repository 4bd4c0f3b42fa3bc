"""`retrato restore`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.following import follow
from retrato.cli.restoring import How, asking_how

if TYPE_CHECKING:
    from retrato.restoration.folders.jobs import Job
    from retrato.restoration.upscaler import Watch

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp", "avif", "heif")
NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="restore")
@click.argument("inputs", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("restored"),
    show_default=True,
    help="Folder for the results, which keep their names; or, for a single photo, the name of its result.",
)
@asking_how
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="Write this format, not the input's.")
@click.option("--save-faces", is_flag=True, help="Also write each face: cut out, restored, and side by side.")
@click.option("--keep-times", is_flag=True, help="Results get the times of their photos: when last read and changed.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist, be they the inputs.")
@click.option("-r", "--recursive", is_flag=True, help="Look into folders inside folders; results lie as photos do.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Of folders, only such as '*.tif' or '1950/*'.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Of folders, all but such.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where a run was stopped: leave results of the same photos and options, and redo others of ours.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="How many photos are worked on at a time; by default what cores and memory (1.5 GB each) allow.",
)
@click.option("--report", type=NEW_FILE, help="Write a line of JSON for each photo, with every face that was found.")
@click.option("--contact-sheet", type=NEW_FILE, help="Write a page that shows every photo before and after.")
def command(
    how: How,
    inputs: tuple[Path, ...],
    output: Path,
    format_name: str | None,
    save_faces: bool,
    keep_times: bool,
    overwrite: bool,
    recursive: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    resume: bool,
    jobs: int | None,
    report: Path | None,
    contact_sheet: Path | None,
) -> None:
    """Restore the faces in photos: files, or folders of them.

    A photo that cannot be restored is named with the reason, and the others go on. Exit code: 0 when all were
    restored, 1 when some were not, 2 for wrong options, 130 when stopped.

    All else of a photo stays: its pixels, their depth and colours, EXIF, XMP and IPTC. What a format cannot hold is
    said. Of a TIFF with several pages each is restored, and those without a face are copied.

    What a model restores is its guess. Each result says so in its EXIF data
    (BMP has room for none).
    """
    from retrato.images.search import Search
    from retrato.restoration.folders.jobs import find_jobs, is_file_name
    from retrato.restoration.folders.run import Run, photos_at_once
    from retrato.restoration.photo_file import Writing

    found = find_jobs(inputs, output, Search(recursive, include, exclude), format_name and format_name.upper())
    if is_file_name(output) and len(found) > 1:
        raise click.UsageError(f"{output} is one file name for {len(found)} photos: name a folder with -o")
    if resume and is_file_name(output):
        raise click.UsageError("--resume needs a folder of results, which remembers what is done: name one with -o")
    for each in (report, contact_sheet):
        require_own_name(each, [report if each is contact_sheet else contact_sheet, output], found, overwrite or resume)
    settings = how.settings()
    run = Run(
        settings,
        Writing(overwrite, save_faces, keep_times),
        resume,
        at_once=min(len(found), jobs or photos_at_once(len(found), settings)),
        watch=tile_bar(),
    )
    is_single = len(found) == 1 and not resume
    reports = run.by_name(found) if is_single else run.in_folder(found, output)
    if not follow(reports, len(found), report, contact_sheet):
        raise SystemExit(1)


def require_own_name(path: Path | None, others: list[Path | None], jobs: list[Job], may_replace: bool) -> None:
    """Refuse to write a report or page over a photo, a result, or anything else that is there.

    Raises:
        click.UsageError: the name is another file's.
    """
    if path is None:
        return
    taken = {each.absolute() for each in others if each} | {each.source.absolute() for each in jobs}
    if path.absolute() in taken | {each.target.absolute() for each in jobs}:
        raise click.UsageError(f"{path} is the name of a photo, of a result, or of another report: choose another")
    if path.exists() and any(each.source.exists() and path.samefile(each.source) for each in jobs):
        raise click.UsageError(f"{path} is one of the photos: choose another name")
    if path.exists() and not may_replace:
        raise click.UsageError(f"{path} exists: choose another name, or --overwrite")


def tile_bar() -> Watch:
    """A bar for each background that takes long."""
    from tqdm import tqdm

    return partial(tqdm, unit="tile", leave=False, delay=1, disable=None)
