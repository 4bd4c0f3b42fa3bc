"""The training loop, the same for every model family."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from retrato.data import DrawnBatches, FaceImages, StoredImage, load_batches, random_state, source_shares
from retrato.errors import UnusableData
from retrato.training.run_folder import RunFolder, ScalarLog
from retrato.training.task import Task, Terms

LOG_ITERATIONS = 20
PREVIEW_PICTURES = 8


@dataclass(frozen=True)
class LoopConfig:
    """How long and how often."""

    iterations: int = 100_000
    """Until when to train."""
    batch_size: int = 8
    """Pictures in each iteration."""
    decay_share: float = 0.2
    """The last part of the iterations, over which the learning rate falls linearly to a tenth."""
    seed: int = 0
    """Decides every draw."""


@dataclass(frozen=True)
class Progress:
    """Where a run is."""

    iteration: int
    """Iterations done."""
    pictures_per_second: float
    """Since the last report."""
    numbers: Mapping[str, float]
    """Averages since the last report."""


def train(
    task: Task,
    images: Sequence[StoredImage],
    run: RunFolder,
    config: LoopConfig,
    *,
    preview_images: Sequence[StoredImage] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train until `config.iterations`, from where the run folder stands; a report every few iterations.

    The state is saved at the end, whether all iterations are done, `should_stop` says so, the iterator is closed, or a
    picture cannot be read.

    Args:
        task: what learns.
        images: what it learns from.
        run: where checkpoints, numbers and previews go.
        config: how long.
        preview_images: faces to show in previews; by default the first of `images`.
        should_stop: asked after every iteration.

    Raises:
        Diverged: a loss is no longer a number; the last checkpoint is kept.
        UnusableData: a picture cannot be read.
        UnusableRun: the run cannot be resumed, or not be written.
    """
    done = run.resume(task)
    drawn = DrawnBatches(source_shares(images), config.batch_size, config.seed, range(done, config.iterations))
    previews = FaceImages((preview_images or images)[:PREVIEW_PICTURES], task.image_size)
    preview = torch.stack([previews[index] for index in range(len(previews))])
    log, meter = ScalarLog(run, done), Meter(config.batch_size)
    try:
        for pictures in load_batches(FaceImages(images, task.image_size), drawn):
            rng = random_state(config.seed, done, "step")
            meter.add(task.step(pictures, rng, done, learning_rate_decay(done, config)))
            done += 1
            if done % LOG_ITERATIONS == 0 or done == config.iterations:
                report = meter.report(done)
                log.add(report.numbers, done)
                yield report
            if should_stop():
                break
            if run.is_saving_due():
                with meter.paused():
                    run.save(task, done, preview)
    except (GeneratorExit, UnusableData):
        run.save(task, done, preview)
        raise
    finally:
        log.close()
    run.save(task, done, preview)


class Meter:
    """Averages of what steps give, and how fast they come."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._begin()

    def _begin(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._started = time.monotonic()

    def add(self, terms: Terms) -> None:
        """Count one step."""
        self._sums = {name: self._sums.get(name, 0) + term for name, term in terms.items()}
        self._steps += 1

    def report(self, iteration: int) -> Progress:
        """What came since the last report."""
        seconds = time.monotonic() - self._started
        numbers = {name: float(each) / self._steps for name, each in self._sums.items()}
        progress = Progress(iteration, self._steps * self._batch_size / seconds, numbers)
        self._begin()
        return progress

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out of the time what happens inside."""
        before = time.monotonic()
        yield
        self._started += time.monotonic() - before


def learning_rate_decay(iteration: int, config: LoopConfig) -> float:
    """1, then falling linearly to a tenth at the end."""
    falling = max(1, round(config.iterations * config.decay_share))
    left = min(1.0, (config.iterations - iteration) / falling)
    return 0.1 + 0.9 * left
