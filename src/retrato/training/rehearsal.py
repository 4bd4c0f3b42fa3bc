"""What a run would cost, from two steps on pictures by chance."""

import time
from dataclasses import dataclass

import torch

from retrato.data import FaceBatch, random_state
from retrato.losses.components import TEMPLATE_PLACES, as_tensor
from retrato.training.loop import LoopConfig
from retrato.training.task import Task

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Rehearsal:
    """Figures of one step."""

    parameters: dict[str, int]
    """Of each player."""
    seconds: float
    """Of one iteration, once everything is allocated."""
    peak_mebibytes: float
    """Of the device's memory; on a CPU, of this process's."""


def rehearse(task: Task, config: LoopConfig) -> Rehearsal:
    """Take three steps of the run's size, and measure the last two; the task is not fit for training afterwards.

    One has all that is computed now and then, such as R1, and one has not; the time is as often each as they come.
    """
    generator = torch.Generator().manual_seed(config.seed)
    count, size = config.batch_size // task.division.processes, task.image_size
    pictures = torch.randint(
        0, 256, (count, 3, size, size * task.framing.squares), generator=generator, dtype=torch.uint8
    )
    batch = FaceBatch(pictures, as_tensor(TEMPLATE_PLACES).expand(count, -1, -1))

    def seconds_of(iteration: int) -> float:
        started = time.perf_counter()
        terms = task.step(batch, random_state(config.seed, iteration, "step"), iteration, 1.0)
        _ = [float(each) for each in terms.values()]  # waits for the device
        return time.perf_counter() - started

    heavy, every = task.heavy_iterations
    seconds_of(heavy)  # allocates
    heavy_seconds, plain_seconds = seconds_of(heavy), seconds_of(heavy + 1)
    seconds = plain_seconds + (heavy_seconds - plain_seconds) / every
    parameters = {
        name: sum(each.numel() for each in player.network.parameters()) for name, player in task.players.items()
    }
    return Rehearsal(parameters, seconds, _peak_bytes(task.device) / MEBIBYTE)


def _peak_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kibibytes
