"""Writes MTCNN's weights, as the PyPI package `mtcnn` publishes them, to the file that retrato carries.

Done once, so that nothing is unpickled on anyone's machine: pip install "retrato[dev]", then
python tools/convert_mtcnn.py
"""

from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import joblib
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from retrato.networks.mtcnn import MTCNN

BUNDLED = Path(__file__).parents[1] / "src/retrato/weights/bundled/mtcnn.safetensors"
SOURCE = {"network": "mtcnn", "source": "https://pypi.org/project/mtcnn/1.0.0/", "licence": "MIT"}
FILES = {"proposal": "pnet.lz4", "refinement": "rnet.lz4", "output": "onet.lz4"}


def main() -> None:
    """Write the file."""
    BUNDLED.parent.mkdir(exist_ok=True)
    save_file(published_weights(), BUNDLED, metadata=SOURCE)


def published_weights() -> dict[str, Tensor]:
    """The installed package's weights under our names.

    Raises:
        PackageNotFoundError: the package is not installed.
    """
    network = MTCNN()
    return {
        f"{stage}.{name}": weight
        for stage, file_name in FILES.items()
        for name, weight in converted(network.get_submodule(stage), published_arrays(file_name))
    }


def published_arrays(file_name: str) -> list[np.ndarray]:
    """One network's arrays, in Keras' order, read without importing the package (which wants TensorFlow)."""
    path = next(path for path in files("mtcnn") or () if path.name == file_name)
    return list(joblib.load(path.locate()))


def converted(network: nn.Module, arrays: list[np.ndarray]) -> Iterator[tuple[str, Tensor]]:
    """Our layers stand in the order of the published ones, so names and arrays go in pairs."""
    for (name, parameter), array in zip(network.state_dict().items(), arrays, strict=True):
        weight = in_torch_order(name, torch.from_numpy(array))
        if weight.shape != parameter.shape:
            raise ValueError(f"{name} has shape {tuple(parameter.shape)}, the published one {tuple(weight.shape)}")
        yield name, weight.contiguous()


def in_torch_order(name: str, array: Tensor) -> Tensor:
    """Keras keeps inputs before outputs, and the published networks flatten columns, rows, channels (not C, H, W)."""
    match array.ndim:
        case 4:
            return array.permute(3, 2, 0, 1)  # (H, W, I, O) -> (O, I, H, W)
        case 3:
            return array.flatten()  # the slopes of a PReLU, (1, 1, C)
        case 2 if name.startswith("trunk"):
            return array.unflatten(0, (3, 3, -1)).permute(3, 2, 1, 0).flatten(1)  # (W H C, O) -> (O, C H W)
        case 2:
            return array.T
        case _:
            return array


if __name__ == "__main__":
    main()
