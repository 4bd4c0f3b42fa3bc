"""Our own weights files: safetensors, with what they are and how they came about in the header."""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from retrato.errors import UnusableWeights
from retrato.whole_files import written_whole

FORMAT = "retrato"


@dataclass(frozen=True)
class StoredWeights:
    """What a weights file holds."""

    network: str
    """Which network these are for, such as gfpgan."""
    config: Mapping[str, Any]
    """The fields of the network's config."""
    tensors: Mapping[str, Tensor]
    """By our parameter names, float32."""
    story: Mapping[str, str]
    """How they came about: recipe, pictures seen, version."""


def write_weights(path: Path, weights: StoredWeights, dtype: torch.dtype = torch.float32) -> None:
    """Write the file whole or not at all.

    Args:
        path: of the file.
        weights: what it holds.
        dtype: of the weights; counts stay whole numbers, which float16 does not hold from 2,048 on.
    """
    header = {"format": FORMAT, "network": weights.network, "config": json.dumps(weights.config), **weights.story}
    tensors = {name: _as(dtype, each.detach().cpu()).contiguous() for name, each in weights.tensors.items()}
    with written_whole(path) as temporary:
        temporary.write_bytes(save(tensors, header))


def _as(dtype: torch.dtype, tensor: Tensor) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def read_weights(path: Path) -> StoredWeights:
    """Read a file that `write_weights` wrote.

    Raises:
        UnusableWeights: it is missing, broken, or another kind of file.
    """
    with _opened(path) as file:
        header = _header(file, path)
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    try:
        config = json.loads(header["config"])
    except (KeyError, ValueError, RecursionError) as error:
        raise UnusableWeights(f"{path} has a damaged header: {error}") from error
    return StoredWeights(header.get("network", ""), config, tensors, _story(header))


def read_story(path: Path) -> Mapping[str, str]:
    """How the weights in a file came about, without reading them.

    Raises:
        UnusableWeights: it is missing, broken, or another kind of file.
    """
    with _opened(path) as file:
        return _story(_header(file, path))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not os.path.isfile(path):  # noqa: PTH113 (a Path raises where a name is too long, or may not be looked at)
        raise UnusableWeights(f"no weights file {path}")
    try:
        with safe_open(path, "pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise UnusableWeights(f"{path} is not a whole safetensors file: {error}") from error


def _header(file: Any, path: Path) -> dict[str, str]:
    header: dict[str, str] = file.metadata() or {}
    if header.get("format") != FORMAT:
        raise UnusableWeights(f"{path} is a safetensors file, but not one of retrato's (its header names no network)")
    return header


def _story(header: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in header.items() if name not in {"format", "network", "config"}}


def config_fields(config: object) -> dict[str, Any]:
    """The fields of a config dataclass, as JSON can hold them."""
    return dataclasses.asdict(config)  # type: ignore[call-overload]
