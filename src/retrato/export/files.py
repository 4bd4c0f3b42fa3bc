"""Weights exported to files."""

from pathlib import Path

from retrato import __version__
from retrato.errors import UnwritableOutput
from retrato.export.formats import ExportFormat
from retrato.export.label import ExportLabel
from retrato.export.onnx_file import require_onnx, write_onnx
from retrato.export.program import trace
from retrato.export.torch_file import write_torch_program
from retrato.weights.bundle import BUNDLED_FOLDER
from retrato.weights.catalog import PUBLISHED_FILES
from retrato.weights.copies import sha256
from retrato.weights.load import describe_weights, load_gfpgan, weights_file
from retrato.whole_files import written_whole

BUNDLED_LICENCE = "Apache-2.0"
"""As NOTICE.md says."""
UNSTATED_LICENCE = "not stated with the weights: ask whoever made them"


def export_weights(name_or_file: str | Path, path: Path, format: ExportFormat) -> ExportLabel:
    """Write weights as one file that restores faces by itself, whole or not at all; a file that exists is replaced.

    Args:
        name_or_file: as `load_gfpgan` takes it.
        path: of the new file; its folder is made.
        format: what it is written as.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing, broken or holds something else.
        MissingPackage: ONNX needs packages that are not installed.
        UnwritableOutput: the new file cannot be written.
    """
    if format is ExportFormat.ONNX:
        require_onnx()
    network = load_gfpgan(name_or_file).eval().requires_grad_(False)
    label = label_of(name_or_file, network.config.image_size)
    write = {ExportFormat.ONNX: write_onnx, ExportFormat.TORCH: write_torch_program}[format]
    program = trace(network)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            write(program, label, temporary)
    except OSError as error:
        raise UnwritableOutput(f"cannot write {path}: {error.strerror or error}; name another file") from error
    return label


def label_of(name_or_file: str | Path, image_size: int) -> ExportLabel:
    """What a file that is exported of those weights will say of itself."""
    path = weights_file(name_or_file)
    checksum = sha256(path)
    return ExportLabel(
        restorer=f"GFP-GAN, {describe_weights(name_or_file)}",
        image_size=image_size,
        weights_sha256=checksum,
        licence=_licence(str(name_or_file), path, checksum),
        version=__version__,
    )


def _licence(name: str, path: Path, checksum: str) -> str:
    """A published file is known by its content, whatever it is called here."""
    if path.parent == BUNDLED_FOLDER:
        return BUNDLED_LICENCE
    published = (each.licence for each in PUBLISHED_FILES if each.name == name or each.sha256 == checksum)
    return next(published, UNSTATED_LICENCE)
