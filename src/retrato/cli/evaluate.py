"""`retrato evaluate`."""

from pathlib import Path

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import device_option, preset_option, ranges_of, seed_option, weights_option
from retrato.cli.text import counted
from retrato.device import DeviceName
from retrato.errors import UnwritableOutput
from retrato.whole_files import written_whole


@click.command(name="evaluate")
@click.argument("places", metavar="FACES...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@weights_option
@preset_option
@seed_option
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every face's scores here.")
@device_option
def command(
    places: tuple[Path, ...], weights: str, preset: str, seed: int, json_file: Path | None, device_name: DeviceName
) -> None:
    """Degrade good faces, restore them, and measure how close they come.

    FACES are folders or tar archives of square face crops that the model has never seen. Needs the networks that
    measure: they are downloaded once, or taken from the folder that RETRATO_WEIGHTS names.
    """
    import dataclasses
    import json

    from tqdm import tqdm

    from retrato.data import FaceImages, find_stored_images
    from retrato.evaluation.restoration import Judges, evaluate_restoration, mean_scores
    from retrato.images.tensors import from_levels
    from retrato.precision import Precision
    from retrato.restoration.loading import load_restorer
    from retrato.weights.judges import load_lpips, load_mobilefacenet

    if json_file and not json_file.parent.is_dir():
        raise UnwritableOutput(f"no folder {json_file.parent} to write {json_file.name} to: make it first")
    for name in (weights, "lpips-squeezenet", "mobilefacenet"):
        fetch_named(name)
    restorer = load_restorer(weights, device_name, Precision.FP32)
    images = FaceImages(find_stored_images(places), restorer.size)
    named = ((stored.name, from_levels(images[index])) for index, stored in enumerate(images.stored))
    judges = Judges(load_lpips(), load_mobilefacenet())
    faces = list(
        tqdm(evaluate_restoration(restorer, named, ranges_of(preset), judges, seed), total=len(images), unit="face")
    )

    before, after = mean_scores([each.degraded for each in faces]), mean_scores([each.restored for each in faces])
    click.echo(f"{counted(len(faces), 'face')}, {preset} degradation, seed {seed}, {restorer.name}")
    click.echo(f"{'':10}{'degraded':>10}{'restored':>10}{'change':>10}")
    for name in ("psnr", "lpips", "identity"):
        one, other = getattr(before, name), getattr(after, name)
        change = f"{other / one - 1:+.1%}" if name == "lpips" and one else f"{other - one:+.3f}"
        click.echo(f"{name:10}{one:>10.3f}{other:>10.3f}{change:>10}")
    if json_file:
        with written_whole(json_file) as temporary:
            temporary.write_text(json.dumps([dataclasses.asdict(each) for each in faces], indent=1))
