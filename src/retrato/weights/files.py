"""Named tensors in the files of other publishers. Nothing but tensors is ever unpickled."""

import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from retrato.errors import MissingPackage, UnusableWeights

UNREADABLE = (
    AssertionError,
    AttributeError,
    LookupError,
    EOFError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    SafetensorError,  # it reads those too, by their names
)
"""What torch raises, depending on how a file is damaged or foreign."""

TORCH_SUFFIXES = (".pth", ".pt")
ZIP = b"PK\x03\x04"
BEGINNINGS = (ZIP, b"\x80")
"""Of the two formats that PyTorch writes, the second of which is a bare pickle."""
GET_AGAIN = "; get a whole copy of it"
_rebuild_array = cast("Callable[..., Any]", np.zeros(0).__reduce__()[0])
ARRAY_PARTS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    np.ndarray,
    np.dtype,
    type(np.dtype(np.float64)),
    type(np.dtype(np.float32)),
    (_rebuild_array, "numpy.core.multiarray._reconstruct"),
    (_rebuild_array, "numpy._core.multiarray._reconstruct"),
]
"""What a pickled numpy array of numbers is rebuilt from, by its names before and since numpy 2."""


def read_torch(path: Path, *, mapped: bool = False) -> Mapping[str, Tensor]:
    """The tensors of a .pt or .pth file, which may hold nothing else.

    With `mapped` their numbers stay in the file until they are asked for, where its format can do that.

    BasicSR's files hold tensors under `params_ema`, which are averaged and read first, or under `params`; Lightning's
    under `state_dict`.

    Raises:
        UnusableWeights: the file is broken or holds other things than tensors.
    """
    try:
        mmap = mapped and zipfile.is_zipfile(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except UNREADABLE as error:
        raise UnusableWeights(f"{path} is not a readable file of tensors: {_why_unreadable(path, error)}") from error
    if isinstance(loaded, Mapping):
        nested = (loaded.get(name) for name in ("params_ema", "params", "state_dict"))
        loaded = next((each for each in nested if isinstance(each, Mapping)), loaded)
    if not isinstance(loaded, Mapping) or not all(
        isinstance(name, str) and _is_stored_tensor(each) for name, each in loaded.items()
    ):
        raise UnusableWeights(f"{path} holds other things than named tensors")
    return loaded


def is_torch_file(path: Path) -> bool:
    """Whether a file is to be read by `read_torch`: by its suffix, and where that says nothing by how it begins."""
    if path.suffix in TORCH_SUFFIXES or path.suffix == ".safetensors" or not path.is_file():
        return path.suffix in TORCH_SUFFIXES
    with path.open("rb") as file:
        return file.read(4).startswith(BEGINNINGS)


def _why_unreadable(path: Path, error: Exception) -> str:
    """In words for the person who has the file; torch's own are advice for those who load it."""
    if isinstance(error, FileNotFoundError):
        return "there is none of this name; check it"
    if isinstance(error, OSError) and error.errno:
        return f"{(error.strerror or str(error)).lower()}; check its name and who may read it"
    with path.open("rb") as file:
        beginning = file.read(4)
    if not beginning.startswith(BEGINNINGS):
        return f"it is empty{GET_AGAIN}" if not beginning else f"PyTorch wrote no such file{GET_AGAIN}"
    if beginning.startswith(ZIP) and not zipfile.is_zipfile(path):
        return f"its end is missing{GET_AGAIN}"
    if "Unsupported global" in str(error) or "Unsupported class" in str(error):  # what `weights_only` refuses
        return (
            "it holds other things than tensors, which could run programs when they are read; "
            "ask its publisher for the tensors alone, best as safetensors"
        )
    return f"it is damaged{GET_AGAIN}"


def _is_stored_tensor(value: object) -> bool:
    """Whether every number of it stands in the file: a view may claim any size."""
    if not isinstance(value, Tensor) or value.layout is not torch.strided or value.is_quantized or value.is_meta:
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def read_torch_arrays(path: Path) -> dict[str, np.ndarray]:
    """The numpy arrays of a .pth file, such as the statistics that BasicSR writes; whatever else it names is left out.

    Raises:
        UnusableWeights: the file is broken, or would have to be unpickled as something else than arrays and numbers.
    """
    try:
        with torch.serialization.safe_globals(ARRAY_PARTS):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnusableWeights(f"{path} is not a readable file of arrays: {reason}") from error
    if not isinstance(loaded, Mapping):
        raise UnusableWeights(f"{path} holds other things than named arrays")
    return {str(name): np.asarray(each) for name, each in loaded.items() if isinstance(each, (np.ndarray, Tensor))}


def read_onnx_initializers(path: Path) -> dict[str, Tensor]:
    """The named constants of an ONNX file.

    Raises:
        MissingPackage: onnx is not installed.
        UnusableWeights: the file is broken, or keeps its numbers in another file.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ModuleNotFoundError:
        raise MissingPackage("onnx", "train") from None
    try:
        model = onnx.load(str(path), load_external_data=False)
        if any(each.data_location == onnx.TensorProto.EXTERNAL for each in model.graph.initializer):
            raise UnusableWeights(f"{path} names other files for its numbers, and those could be anyone's")
        return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in model.graph.initializer}
    except (DecodeError, OSError, ValueError, TypeError) as error:
        raise UnusableWeights(f"{path} is not a readable ONNX file: {error}{GET_AGAIN}") from error
