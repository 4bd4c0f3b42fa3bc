"""`retrato degrade`."""

from pathlib import Path

import click

from retrato.cli.options import ranges_of, strength_option


@click.command(name="degrade")
@click.argument("inputs", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results, as PNG.")
@strength_option
@click.option("--seed", default=0, show_default=True, help="Decides what happens to each picture.")
@click.option("--face-size", type=click.FloatRange(16), help="Width in pixels of an aligned face in these pictures.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def command(
    inputs: tuple[Path, ...], output: Path, strength: str, seed: int, face_size: float | None, overwrite: bool
) -> None:
    """Make good pictures bad, as training does: blur, shrink, noise, JPEG.

    Blur is measured in widths of a face: name it with --face-size when the pictures are whole photos; otherwise each
    picture is taken for one face.
    """
    import torch

    from retrato.cli.restore import list_photos
    from retrato.degradation import degrade, draw
    from retrato.images.files import read_image, write_image
    from retrato.images.photo import Photo
    from retrato.images.tensors import to_image, to_pictures

    rng = torch.Generator().manual_seed(seed)
    for path in list_photos(inputs):
        record = draw(rng, 1, ranges_of(strength))
        degraded, _ = degrade(to_pictures([read_image(path).image]), record, face_size)
        target = output / f"{path.stem}.png"
        write_image(Photo(to_image(degraded[0])), target, replace=overwrite)
        click.echo(
            f"{path} -> {target}: blur {record.blur_sigma[0].max():.1f}, {record.shrink[0]:.1f} times smaller, "
            f"noise {record.noise_sigma[0]:.0f}, JPEG {record.jpeg_quality[0]:.0f}"
        )
