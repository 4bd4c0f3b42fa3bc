"""`retrato restore`."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.inputs import each_photo, list_photos
from retrato.cli.options import (
    FiniteFloatRange,
    StrengthParts,
    device_option,
    engine_option,
    precision_from,
    precision_option,
    weights_option,
)
from retrato.cli.photo_files import describe, restore_file
from retrato.cli.text import counted
from retrato.device import DeviceName

if TYPE_CHECKING:
    from retrato.restoration.pipeline import Pipeline
    from retrato.restoration.upscaler import Upscaler

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp", "avif", "heif")
PIPELINES = ("retrato", "published")
MASKS = ("parsed", "square")
"""The values of `restoration.pipeline.FaceMask`, known without loading torch."""


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
@click.option("--upscale", type=click.Choice(["1", "2", "4"]), default="1", show_default=True, help="Times larger.")
@click.option(
    "--background",
    default="lanczos",
    show_default=True,
    metavar="NAME-OR-FILE",
    help="What enlarges the photo around the faces: lanczos, or a model of Real-ESRGAN (realesr-general-x4v3, "
    "realesrgan-x2plus, realesrgan-x4plus, or a file of theirs), which also draws detail of its own.",
)
@weights_option
@click.option(
    "--pipeline",
    "pipeline_name",
    type=click.Choice(PIPELINES),
    default=PIPELINES[0],
    show_default=True,
    help="How faces are found, cut out and put back: retrato's way, or GFPGAN's for results that compare.",
)
@click.option(
    "--detector",
    metavar="NAME-OR-FILE",
    help="What finds faces: mtcnn (bundled), retinaface-mobilenet0.25, retinaface-resnet50, or a file of either."
    "  [default: mtcnn; published: retinaface-resnet50]",
)
@click.option(
    "--mask",
    type=click.Choice(MASKS),
    help="What the published pipeline pastes of a face: skin and hair, or a square.  [default: parsed]",
)
@click.option(
    "--strength",
    type=StrengthParts(),
    default="1",
    show_default=True,
    metavar="0..1[,REGION=0..1]",
    help="How much of the restored faces to take; of eyes, mouth or skin too: 0.6 or 0.5,eyes=1,mouth=0.8.",
)
@click.option(
    "--grain",
    type=FiniteFloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="How much of the photo's grain stays in its faces; 1 is as much as around them.",
)
@click.option("--aligned", is_flag=True, help="The inputs are face crops already, square and aligned as FFHQ's.")
@click.option("--only-largest", is_flag=True, help="Restore the largest face of each photo only.")
@click.option("--save-faces", is_flag=True, help="Also write each face: cut out, restored, and side by side.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="Write this format, not the input's.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Draw the prior's noise, which decides such things as single hairs, from this seed; by default it is the "
    "noise stored with the weights. Either way the same photo gives the same result.",
)
@click.option("--keep-times", is_flag=True, help="Results get the times of their photos: when last read and changed.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist, be they the inputs.")
@device_option
@precision_option
@engine_option
def command(
    inputs: tuple[Path, ...],
    output: Path,
    upscale: str,
    background: str,
    weights: str,
    pipeline_name: str,
    detector: str | None,
    mask: str | None,
    strength: dict[str, float],
    grain: float,
    aligned: bool,
    only_largest: bool,
    save_faces: bool,
    format_name: str | None,
    seed: int | None,
    keep_times: bool,
    overwrite: bool,
    device_name: DeviceName,
    precision: str,
    engine: str | None,
) -> None:
    """Restore the faces in photos: files, or folders of them.

    A photo that cannot be restored is named with the reason, and the others go on. Exit code: 0 when all were
    restored, 1 when some were not, 2 for wrong options, 130 when stopped.

    All else of a photo stays: its pixels, their depth and colours, EXIF, XMP and IPTC. What a format cannot hold is
    said. Of a TIFF with several pages each is restored, and those without a face are copied.

    What a model restores is its guess. Each result says so in its EXIF data
    (BMP has room for none).
    """
    from retrato.faces.strength import Strength
    from retrato.images.files import set_times, times_of
    from retrato.restoration.photo import PhotoRestorer

    photos = list_photos(inputs)
    if is_file_name(output) and len(photos) > 1:
        raise click.UsageError(f"{output} is one file name for {len(photos)} photos: name a folder with -o")
    fetch_named(weights)
    restorer = PhotoRestorer.from_weights(
        weights,
        upscale=int(upscale),
        only_largest=only_largest,
        background=background_of(background, int(upscale), device_name),
        device=device_name,
        precision=precision_from(precision),
        noise_seed=seed,
        engine=engine,
        pipeline=pipeline_from(pipeline_name, detector, mask, grain, aligned),
        strength=Strength(**strength),
    )
    started = time.perf_counter()
    faces_of_restored: list[int] = []  # counts alone: an album's pixels would fill the memory

    def restore_one(path: Path, target: Path) -> str:
        times = times_of(path)
        restore = restorer.restore_aligned if aligned else restorer
        result = restore_file(path, target, restore, overwrite, save_faces)
        if keep_times:
            set_times(target, times)
        faces_of_restored.append(result.faces)
        return describe(result)

    all_done = each_photo({path: target_for(path, output, format_name) for path in photos}, restore_one)
    click.echo(
        f"restored {counted(sum(faces_of_restored), 'face')} in {len(faces_of_restored)} of "
        f"{counted(len(photos), 'photo')} in {time.perf_counter() - started:.1f} s"
    )
    if not all_done:
        raise SystemExit(1)


def pipeline_from(name: str, detector: str | None, mask: str | None, grain: float, aligned: bool) -> Pipeline:
    """The pipeline that the options ask for; aligned faces need neither detector nor mask, so none is fetched."""
    from retrato.restoration.pipeline import MTCNN, FaceMask, PublishedPipeline, RetratoPipeline

    if name == "published":
        pipeline = PublishedPipeline(MTCNN, FaceMask.SQUARE) if aligned else PublishedPipeline()
        return PublishedPipeline(detector or pipeline.detector, FaceMask(mask or pipeline.mask))
    if mask is not None:
        raise click.UsageError("--mask belongs to --pipeline published: retrato pastes the change alone")
    return RetratoPipeline(detector or MTCNN, grain)


def background_of(name_or_file: str, upscale: int, device_name: DeviceName) -> Upscaler:
    """What enlarges the background, with a bar for each photo that takes long."""
    from tqdm import tqdm

    from retrato.restoration.upscaler import LANCZOS, load_background

    if upscale == 1 and name_or_file != LANCZOS:
        raise click.UsageError(f"--background {name_or_file} has nothing to enlarge: add --upscale 2 or --upscale 4")
    fetch_named(name_or_file)
    return load_background(name_or_file, device_name, partial(tqdm, unit="tile", leave=False, delay=1, disable=None))


def is_file_name(output: Path) -> bool:
    """Whether an output names a picture file rather than a folder."""
    from retrato.images.files import IMAGE_SUFFIXES

    return output.suffix.lower() in IMAGE_SUFFIXES and not os.path.isdir(output)  # noqa: PTH112 (a Path may raise)


def target_for(path: Path, output: Path, format_name: str | None) -> Path:
    """Where the result of one photo goes."""
    from retrato.images.files import suffix_for

    target = output if is_file_name(output) else output / path.name
    return target.with_suffix(suffix_for(format_name.upper())) if format_name else target
