"""From weights to a restorer, run by the engine that a person asks for."""

from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import assert_never

from retrato.device import DeviceName, choose_device
from retrato.errors import MissingPackage, UnavailableDevice, UnknownEngine, UnusableWeights
from retrato.export.formats import ExportFormat
from retrato.export.kept import kept_onnx
from retrato.restoration.engines.names import EngineName
from retrato.restoration.engines.onnx_runtime import OnnxRestorer
from retrato.restoration.engines.openvino import OpenVINORestorer
from retrato.restoration.engines.speeds import read_speeds
from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer

EXPORTING = ("onnx", "onnxscript")
RUNNING = {EngineName.ONNX: ("onnxruntime",), EngineName.OPENVINO: ("openvino",)}
"""The packages that it takes to export, and to run what is exported."""


def load_restorer(
    name_or_file: str | Path = "bundled",
    engine: EngineName | str | None = None,
    device: DeviceName | str = DeviceName.AUTO,
) -> FaceRestorer:
    """The restorer with those weights.

    Args:
        name_or_file: as `load_gfpgan` takes it, or a file that `retrato export onnx` wrote.
        engine: what computes; by default torch, and for an exported file the fastest that is installed.
        device: where torch computes; the other engines compute on the CPU.

    Raises:
        UnknownEngine: there is no such engine.
        UnknownWeights: neither a known name nor a file.
        UnusableWeights: the file is missing, broken, holds something else, or is nothing for that engine.
        UnavailableDevice: this machine has no such device, or the engine does not compute on it.
        MissingPackage: the engine is not installed.
    """
    is_exported = _is_exported(name_or_file)
    name = _engine(engine or (EngineName.AUTO if is_exported else EngineName.TORCH))
    match name:
        case EngineName.AUTO:
            return load_restorer(name_or_file, fastest_engine(is_exported, device), device)
        case EngineName.TORCH:
            _refuse_exported(name_or_file, is_exported)
            return GFPGANRestorer.from_weights(name_or_file, device)
        case EngineName.ONNX:
            _require_usable(name, device)
            return OnnxRestorer(name_or_file if is_exported else kept_onnx(name_or_file))
        case EngineName.OPENVINO:
            _require_usable(name, device)
            return OpenVINORestorer(name_or_file if is_exported else kept_onnx(name_or_file))
        case _:
            assert_never(name)


def fastest_engine(is_exported: bool, device: DeviceName | str = DeviceName.AUTO) -> EngineName:
    """The one to take for `auto`: of the installed ones the fastest that was measured, torch wherever none was.

    Args:
        is_exported: whether an exported file is to be run, which torch cannot.
        device: where to compute; only CPUs were measured.

    Raises:
        UnavailableDevice: this machine has no such device.
        MissingPackage: an exported file, and nothing that runs it.
    """
    installed = [each for each in RUNNING if _are_installed(RUNNING[each])]
    if is_exported:
        if not installed:
            raise MissingPackage("onnxruntime or openvino", "onnx")
        return read_speeds().fastest(installed)
    if choose_device(device).type != "cpu" or not _are_installed(EXPORTING):
        return EngineName.TORCH
    return read_speeds().fastest([EngineName.TORCH, *installed])


def _engine(name: str) -> EngineName:
    if name not in list(EngineName):
        raise UnknownEngine(f"no engine called {name!r}: name one of {', '.join(EngineName)}")
    return EngineName(name)


def _are_installed(packages: Collection[str]) -> bool:
    return all(find_spec(each) for each in packages)


def _is_exported(name_or_file: str | Path) -> bool:
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
