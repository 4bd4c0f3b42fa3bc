"""Which engine runs a restorer: the one that a person asks for, or the fastest that is installed."""

from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from retrato.device import DeviceName, choose_device
from retrato.errors import MissingPackage, UnavailableDevice, UnknownEngine, UnusableWeights
from retrato.export.formats import ExportFormat
from retrato.export.kept import kept_onnx
from retrato.precision import Precision
from retrato.restoration.engines.names import EngineName
from retrato.restoration.engines.onnx_runtime import OnnxRestorer
from retrato.restoration.engines.openvino import OpenVINORestorer
from retrato.restoration.engines.speeds import read_speeds
from retrato.restoration.restorer import FaceRestorer

EXPORTING = ("onnx", "onnxscript")
RUNNING = {EngineName.ONNX: ("onnxruntime",), EngineName.OPENVINO: ("openvino",)}
"""The packages that it takes to export, and to run what is exported."""


def choose_engine(
    name_or_file: str | Path, engine: EngineName | str | None, device: DeviceName | str, precision: Precision
) -> EngineName:
    """The engine to run those weights: never `auto`.

    Raises:
        UnknownEngine: there is no such engine.
        UnusableWeights: an exported file that the engine does not run.
        UnavailableDevice: this machine has no such device, or the engine does not compute on it or in that precision.
        MissingPackage: the engine is not installed.
    """
    exported = is_exported(name_or_file)
    name = _engine(engine or (EngineName.AUTO if exported else EngineName.TORCH))
    if name is EngineName.AUTO:
        name = fastest_engine(exported, device, precision)
    if name is EngineName.TORCH:
        _refuse_exported(name_or_file, exported)
    else:
        _require_usable(name, device)
    return name


def run_by(engine: EngineName, name_or_file: str | Path, precision: Precision) -> FaceRestorer:
    """A restorer run by another engine than torch; ordinary weights are exported once.

    Raises:
        UnusableWeights: the file is missing, broken or holds something else.
        MissingPackage: the engine, or what exports for it, is not installed.
    """
    path = Path(name_or_file) if is_exported(name_or_file) else kept_onnx(name_or_file)
    match engine:
        case EngineName.ONNX:
            return OnnxRestorer(path)
        case EngineName.OPENVINO:
            return OpenVINORestorer(path, is_bf16=precision is Precision.BF16)
        case _:
            raise ValueError(f"{engine} runs no exported files")


def fastest_engine(
    is_exported: bool, device: DeviceName | str = DeviceName.AUTO, precision: Precision = Precision.FP32
) -> EngineName:
    """The one to take for `auto`: of the installed ones the fastest that was measured, torch wherever none was.

    Args:
        is_exported: whether an exported file is to be run, which torch cannot.
        device: where to compute; only CPUs were measured.
        precision: what in, where an engine can; the others compute in float32.

    Raises:
        UnavailableDevice: this machine has no such device.
        MissingPackage: an exported file, and nothing that runs it.
    """
    installed = [each for each in RUNNING if _are_installed(RUNNING[each])]
    if is_exported:
        if not installed:
            raise MissingPackage("onnxruntime or openvino", "onnx")
        return read_speeds().fastest(installed, precision)
    if choose_device(device).type != "cpu" or not _are_installed(EXPORTING):
        return EngineName.TORCH
    return read_speeds().fastest([EngineName.TORCH, *installed], precision)


def _engine(name: str) -> EngineName:
    if name not in list(EngineName):
        raise UnknownEngine(f"no engine called {name!r}: name one of {', '.join(EngineName)}")
    return EngineName(name)


def _are_installed(packages: Collection[str]) -> bool:
    return all(find_spec(each) for each in packages)


def is_exported(name_or_file: str | Path) -> bool:
    """Whether it is a file that `retrato export onnx` wrote, by its name.

    Raises:
        UnusableWeights: it is a torch program, which nothing here runs.
    """
    suffix = Path(name_or_file).suffix
    if suffix == ExportFormat.TORCH.suffix:
        raise UnusableWeights(
            f"{name_or_file} is a torch program, for use without retrato: name the weights that it was exported from, "
            "or export them to ONNX"
        )
    return suffix == ExportFormat.ONNX.suffix


def _refuse_exported(name_or_file: str | Path, is_exported: bool) -> None:
    if is_exported:
        raise UnusableWeights(
            f"{name_or_file} is an exported file, which torch does not run: use the engine onnx, openvino or auto, "
            "or name the weights that it was exported from"
        )


def _require_usable(engine: EngineName, device: DeviceName | str) -> None:
    """Before anything is exported for it."""
    if device not in {DeviceName.AUTO, DeviceName.CPU}:
        raise UnavailableDevice(f"the engine {engine} computes on the CPU, not on {device}: use the engine torch there")
    if missing := [each for each in RUNNING[engine] if not find_spec(each)]:
        raise MissingPackage(missing[0], extra=engine)
