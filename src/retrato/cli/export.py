"""`retrato export`."""

from pathlib import Path

import click

from retrato.cli.options import weights_option
from retrato.export.formats import ExportFormat


@click.command(name="export")
@click.argument("format_name", metavar="FORMAT", type=click.Choice([each.value for each in ExportFormat]))
@weights_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Name of the new file; by default that of the weights, here, ending in .onnx or .pt2.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
def command(format_name: str, weights: str, output: Path | None, overwrite: bool) -> None:
    """Write a model as one file that restores faces without retrato.

    FORMAT is onnx, which ONNX Runtime, OpenVINO and many others run, or torch: a program of torch.export (.pt2).

    The file takes aligned faces, RGB in [-1, 1], (N, 3, S, S), and gives them back restored. Its metadata say which
    weights it holds and their licence. `retrato restore --weights FILE.onnx` runs it.
    """
    from retrato.export.files import export_weights
    from retrato.images.files import require_writable
    from retrato.weights.load import weights_file

    format = ExportFormat(format_name)
    target = output or Path(weights_file(weights).with_suffix(format.suffix).name)
    if target.suffix != format.suffix:
        raise click.UsageError(f"{target} does not end in {format.suffix}, as files of this format do")
    require_writable(target, replace=overwrite)
    label = export_weights(weights, target, format)
    size = label.image_size
    click.echo(f"{target}: {label.restorer}; {target.stat().st_size / 1e6:.1f} MB, faces (N, 3, {size}, {size})")
    click.echo(f"licence of the weights: {label.licence}")
