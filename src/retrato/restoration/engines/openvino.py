"""Exported restorers run by OpenVINO."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from retrato.errors import MissingPackage, UnusableWeights
from retrato.export.label import INPUT, OUTPUT, ExportLabel
from retrato.shapes import Faces

TELEMETRY = "openvino_telemetry"


class OpenVINORestorer:
    """An ONNX file of ours as a `FaceRestorer`, on the CPU, on as many threads as torch has."""

    def __init__(self, path: str | Path, *, is_bf16: bool = False) -> None:
        """Load the file.

        Args:
            path: of an exported .onnx file.
            is_bf16: compute in bfloat16: faster on CPUs that have it (AMX, AVX-512 BF16), about two levels of 255 off.

        Raises:
            MissingPackage: openvino is not installed.
            UnusableWeights: the file is missing, broken or not exported by retrato.
        """
        openvino = _without_telemetry()
        if not Path(path).is_file():
            raise UnusableWeights(f"no file {path}")
        settings = {
            # Without a word it takes bfloat16 wherever the CPU has it.
            "INFERENCE_PRECISION_HINT": "bf16" if is_bf16 else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        try:
            # By name, as otherwise it tries all its readers, and each says on standard error what it does not know.
            reader = openvino.frontend.FrontEndManager().load_by_framework("onnx")
            model = reader.convert(reader.load(str(path)))
            self._label = ExportLabel.from_metadata(_metadata(model), str(path))
            self._compiled = openvino.Core().compile_model(model, "CPU", settings)
        except _failures(openvino) as error:
            reason = str(error).strip().splitlines()[-1]
            raise UnusableWeights(f"{path} is not an ONNX file that can be run: {reason}") from error
        self._precision = "bfloat16" if is_bf16 else "float32"

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._label.image_size

    @property
    def name(self) -> str:
        """Kind, weights and engine."""
        return f"{self._label.restorer}, run by OpenVINO in {self._precision}"

    def __call__(self, faces: Faces) -> Faces:
        """Restore faces; the result is on the CPU."""
        results = self._compiled({INPUT: faces.float().contiguous().numpy(force=True)})
        return torch.from_numpy(results[OUTPUT])


def _failures(openvino: ModuleType) -> tuple[type[Exception], ...]:
    """What it raises where a file is no good: its readers' classes have no common one."""
    readers = ("GeneralFailure", "InitializationFailure", "NotImplementedFailure", "OpConversionFailure")
    return RuntimeError, *(getattr(openvino.frontend, name) for name in (*readers, "OpValidationFailure"))


def _metadata(model: Any) -> Mapping[str, str]:
    return model.get_rt_info("framework").value if model.has_rt_info("framework") else {}


def _without_telemetry() -> ModuleType:
    """The package openvino. Importing it would tell its maker so over the network, without asking: retrato does not.

    Where openvino does not find its telemetry package, it goes without.

    Raises:
        MissingPackage: openvino is not installed.
    """
    with _not_importable(TELEMETRY):
        try:
            import openvino
        except ModuleNotFoundError:
            raise MissingPackage("openvino", "openvino") from None
    module: ModuleType = openvino
    return module


@contextmanager
def _not_importable(name: str) -> Iterator[None]:
    """Python takes None among its modules for one that is not there."""
    if name in sys.modules:  # somebody else has loaded it, and openvino with it
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
