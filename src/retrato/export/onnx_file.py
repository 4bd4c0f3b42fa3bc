"""Restorers as ONNX files. Needs onnx and onnxscript."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from retrato.errors import MissingPackage
from retrato.export.label import INPUT, OUTPUT, ExportLabel

OPSET = 18
"""The version of ONNX's operators: the oldest that torch's exporter writes, so that the most programs read it. Newer
ones have nothing that this network would use."""
PRODUCER = "retrato"


def require_onnx() -> None:
    """Look, before the work, whether ONNX files can be written here.

    Raises:
        MissingPackage: onnx or onnxscript is not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingPackage(error.name or "onnx", "onnx") from None


def write_onnx(program: ExportedProgram, label: ExportLabel, path: Path) -> None:
    """Write a traced restorer, with the label as metadata; a file that exists is replaced.

    Raises:
        MissingPackage: onnx or onnxscript is not installed.
        OSError: the file cannot be written.
    """
    require_onnx()
    with _quiet_exporter():
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: "batch"},),
            verbose=False,
        )
    model = exported.model_proto  # type: ignore[union-attr]
    _leave_tracing_out(model)
    model.producer_name, model.producer_version = PRODUCER, label.version
    for name, text in label.as_metadata().items():
        model.metadata_props.add(key=name, value=text)
    path.write_bytes(model.SerializeToString())


def _leave_tracing_out(model: Any) -> None:
    """The exporter notes at every value where in which source file of this machine it came about."""
    graph = model.graph
    for each in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del each.metadata_props[:]


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Without what the exporter tells its own developers: packages that we do not use, and its deprecated calls."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        log.setLevel(level)
