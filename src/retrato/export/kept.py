"""ONNX files that are exported once, when an engine first needs them, and kept."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from retrato import __version__
from retrato.errors import UnwritableOutput
from retrato.export.files import export_weights
from retrato.export.formats import ExportFormat
from retrato.weights.copies import HOME, sha256, weights_home
from retrato.weights.load import weights_file

logger = logging.getLogger(__name__)


def exports_home() -> Path:
    """Where they are kept: beside the fetched weights."""
    return weights_home().with_name("exported")


def kept_onnx(name_or_file: str | Path) -> Path:
    """The ONNX file of those weights. The same content is the same file, whatever it is called.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing, broken or holds something else.
        MissingPackage: it is not here yet, and exporting needs packages that are not installed.
        UnwritableOutput: the folder cannot be written.
    """
    kept = exports_home() / f"{sha256(weights_file(name_or_file))}-{__version__}{ExportFormat.ONNX.suffix}"
    if not kept.is_file():
        logger.warning("exporting %s to ONNX: this takes some seconds, once", name_or_file)
        _export(name_or_file, kept)
    return kept


def _export(name_or_file: str | Path, kept: Path) -> None:
    """In a folder of its own first: two processes may do this at the same time."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as folder:
            export_weights(name_or_file, Path(folder) / kept.name, ExportFormat.ONNX)
            (Path(folder) / kept.name).replace(kept)
    except OSError as error:
        raise UnwritableOutput(
            f"cannot keep an exported file in {kept.parent}: {error.strerror or error}; set {HOME} to another folder"
        ) from error
