"""`retrato translate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrato.cli.inputs import each_photo, list_photos
from retrato.cli.options import device_option
from retrato.device import DeviceName

if TYPE_CHECKING:
    from retrato.shapes import Pictures
    from retrato.translation import Translator


@click.command(name="translate")
@click.argument("inputs", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--weights", required=True, metavar="FILE", help="Of a Pix2Pix or CycleGAN that `retrato train` trained.")
@click.option("--backwards", is_flag=True, help="CycleGAN's other direction: from targets to sources.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("translated"),
    show_default=True,
    help="Folder for the results: PNG of the inputs' names.",
)
@click.option(
    "--make-source",
    is_flag=True,
    help="The inputs are photos: first make of them what training did, a drawing of their edges or a grey picture.",
)
@click.option("--side-by-side", is_flag=True, help="Show what was translated at the left of each result.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Drop features as in training, decided by this seed and the picture; by default none are dropped.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@device_option
def command(
    inputs: tuple[Path, ...],
    weights: str,
    backwards: bool,
    output: Path,
    make_source: bool,
    side_by_side: bool,
    seed: int | None,
    overwrite: bool,
    device_name: DeviceName,
) -> None:
    """Turn pictures into others with Pix2Pix or CycleGAN: what it was trained for, such as drawings into faces.

    Of each picture the largest square in its middle is taken, at the size of the network. Each result says in its EXIF
    data that a model made it.
    """
    from retrato.translation import Translator

    translator = Translator.from_weights(weights, device_name, seed, backwards=backwards)

    def translate_one(path: Path, target: Path) -> str:
        return translate_file(translator, path, target, make_source, side_by_side, overwrite)

    photos = list_photos(inputs)
    if not each_photo({path: output / f"{path.stem}.png" for path in photos}, translate_one):
        raise SystemExit(1)


def translate_file(
    translator: Translator, path: Path, target: Path, make_source: bool, side_by_side: bool, overwrite: bool
) -> str:
    """Read, translate and write one picture, and say how large it is.

    Raises:
        RetratoError: it cannot be read or written, or no source can be made of it.
    """
    import torch

    from retrato.images.files import require_writable, write_image
    from retrato.images.photo import Photo
    from retrato.images.tensors import tiled
    from retrato.restoration.provenance import mark_as_translated

    require_writable(target, replace=overwrite)
    source = source_from(path, translator, make_source)
    translated = translator(source)
    shown = torch.cat([source, translated]) if side_by_side else translated
    photo = Photo(tiled(shown, len(shown)))
    write_image(mark_as_translated(photo, translator.name), target, replace=overwrite)
    return f"{translator.size} px"


def source_from(path: Path, translator: Translator, make_source: bool) -> Pictures:
    """The middle of a picture at the translator's size, or the source that is made of it.

    Raises:
        RetratoError: it cannot be read, or no source can be made of it.
    """
    from retrato.errors import UnusableSetting
    from retrato.images.files import read_image
    from retrato.images.resizing import middle_square
    from retrato.images.tensors import to_pictures
    from retrato.translation import source_of

    square = to_pictures([middle_square(read_image(path).image, translator.size)])
    if not make_source:
        return square
    try:
        return source_of(translator.pairs, square)
    except ValueError as error:
        raise UnusableSetting(f"--make-source: {error}") from error
