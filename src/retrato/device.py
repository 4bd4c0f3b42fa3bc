"""Where tensors are computed."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING

from retrato.errors import UnavailableDevice

if TYPE_CHECKING:
    import torch


class DeviceName(StrEnum):
    """What a person may ask for."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


def choose_device(name: DeviceName | str = DeviceName.AUTO) -> torch.device:
    """The device of that name; `auto` takes CUDA, else Apple's MPS, else the CPU.

    Raises:
        UnavailableDevice: this machine, or this build of torch, does not have it.
    """
    import torch

    if name not in list(DeviceName):
        raise UnavailableDevice(f"no device called {name!r}: name one of {', '.join(DeviceName)}")
    name = DeviceName(name)
    available = {
        DeviceName.CUDA: torch.cuda.is_available(),
        DeviceName.MPS: torch.backends.mps.is_available(),
        DeviceName.CPU: True,
    }
    if name is DeviceName.AUTO:
        return torch.device(next(each for each, is_there in available.items() if is_there))
    if not available[name]:
        there = ", ".join(each for each, is_there in available.items() if is_there)
        raise UnavailableDevice(
            f"no {name} device here; this machine has: {there} (use --device auto to let it choose)"
        )
    return torch.device(name)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
