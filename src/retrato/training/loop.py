"""The training loop, the same for every model family."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import DrawnBatches, FaceBatch, FaceImages, StoredImage, load_batches, random_state, source_shares
from retrato.errors import UnusableData, UnusableRun
from retrato.folder_lock import taken
from retrato.losses.components import Places
from retrato.training.division import Division
from retrato.training.run_folder import RunFolder
from retrato.training.task import Task, Terms

LOG_ITERATIONS = 20
PREVIEW_PICTURES = 8
SCORED_PICTURES = 32


@dataclass(frozen=True)
class LoopConfig:
    """How long and how often."""

    iterations: int = 100_000
    """Until when to train."""
    batch_size: int = 8
    """Pictures in each iteration."""
    decay_share: float = 0.2
    """The last part of the iterations, over which the learning rate falls linearly to a tenth."""
    halve_at: tuple[int, ...] = ()
    """Iterations from which on the learning rate is half of what it was."""
    seed: int = 0
    """Decides every draw."""

    def __post_init__(self) -> None:
        """Refuse a loop that is none."""
        if self.iterations < 1 or self.batch_size < 1:
            raise ValueError(f"iterations and batch_size must be at least 1, found {self}")
        if not 0 <= self.decay_share <= 1 or not 0 <= self.seed < 2**63:
            raise ValueError(f"decay_share must be from 0 to 1, and seed from 0 below 2^63, found {self}")


@dataclass(frozen=True)
class Progress:
    """Where a run is."""

    iteration: int
    """Iterations done."""
    pictures_per_second: float
    """Since the last report."""
    waiting_share: float
    """Of that time, how much went by waiting for pictures."""
    numbers: Mapping[str, float]
    """Averages since the last report."""


@dataclass(frozen=True)
class TrainingFaces:
    """Which faces are for what."""

    learned: Sequence[StoredImage]
    others: Sequence[StoredImage] | None = None
    """Not learned: for previews, and to choose the best weights by.

    Without any, previews show the first that are learned, and no weights are called the best.
    """
    known_places: Mapping[str, Places] = field(default_factory=dict)
    """Of eyes and mouth, by file name without ending."""


def train(
    task: Task,
    faces: TrainingFaces,
    run: RunFolder,
    config: LoopConfig,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train until `config.iterations`, from where the run folder stands; a report every few iterations.

    The state is saved at the end, whether all iterations are done, `should_stop` says so, the iterator is closed, or a
    picture cannot be read.

    Args:
        task: what learns.
        faces: what it learns from.
        run: where checkpoints, numbers and previews go.
        config: how long.
        should_stop: asked after every iteration.

    In several processes, each learns from its share, and the first alone writes and reports.

    Raises:
        Diverged: a loss is no longer a number; the last checkpoint is kept.
        FolderInUse: another process trains in that folder.
        UnusableData: a picture cannot be read.
        UnusableRun: the run cannot be resumed, or not be written.
    """
    require_divisible(config, task.division)
    with taken(run.folder) if task.division.is_first else nullcontext():
        yield from _train(task, faces, run, config, should_stop)


def require_divisible(config: LoopConfig, division: Division) -> None:
    """Check that a batch can be divided.

    Raises:
        UnusableRun: it cannot.
    """
    if config.batch_size % division.smallest_batch:
        raise UnusableRun(
            f"a batch of {config.batch_size} does not divide among {division.processes} processes with "
            f"{division.parts} parts each: choose a multiple of {division.smallest_batch}"
        )


def _train(
    task: Task, faces: TrainingFaces, run: RunFolder, config: LoopConfig, should_stop: Callable[[], bool]
) -> Iterator[Progress]:
    division, done = task.division, run.resume(task)
    if division.differs(done, task.device):
        raise UnusableRun(f"the processes stand at different iterations, this one at {done}: give all one run folder")
    drawn = DrawnBatches(source_shares(faces.learned), config.batch_size, config.seed, range(done, config.iterations))
    shares = (division.share(batch) for batch in drawn)
    batches = load_batches(FaceImages(faces.learned, task.image_size, faces.known_places, task.framing), shares)
    keeper = Keeper(task, run, faces)
    log, meter = run.log(done) if division.is_first else None, Meter(config.batch_size)
    problem: UnusableData | None = None
    is_cut_short = False
    try:
        while done < config.iterations:
            batch, problem = _loaded(batches)
            is_cut_short = division.any(batch is None, task.device)
            if is_cut_short or batch is None:
                break
            meter.loaded()
            rng = random_state(config.seed, done, "step")
            meter.add(task.step(batch, rng, done, learning_rate_decay(done, config)))
            done += 1
            if done % LOG_ITERATIONS == 0 or done == config.iterations:
                report = meter.report(done)
                if log:
                    log.add(report.numbers, done)
                yield report
            if division.any(should_stop(), task.device):
                break
            if division.is_first and run.is_saving_due():
                with meter.paused():
                    keeper.save(done)
            meter.stepped()
    except GeneratorExit:
        keeper.save(done)
        raise
    finally:
        batches.close()
        if log:
            log.close()
    keeper.save(done)
    if is_cut_short:  # one process's error has the others stopped: all wait until the first has saved
        division.any(True, task.device)
    if problem:
        raise problem


def _loaded(batches: Iterator[FaceBatch]) -> tuple[FaceBatch | None, UnusableData | None]:
    """The next batch, or why there is none."""
    try:
        return next(batches), None
    except UnusableData as error:
        return None, error


class Keeper:
    """Saves a task into a run folder, with a preview and a score on the same faces every time."""

    def __init__(self, task: Task, run: RunFolder, faces: TrainingFaces) -> None:
        self._task, self._run = task, run
        self._shown = _pictures((faces.others or faces.learned)[:PREVIEW_PICTURES], task)
        self._judged = _pictures(faces.others[:SCORED_PICTURES], task) if faces.others else None

    def save(self, iteration: int) -> None:
        """In the first process alone.

        Raises:
            UnusableRun: the folder cannot be written, or the disk is full; what was saved before is kept.
        """
        if self._task.division.is_first:
            score = None if self._judged is None else self._task.score(self._judged)
            self._run.save(self._task, iteration, self._task.preview(self._shown), score)


def _pictures(images: Sequence[StoredImage], task: Task) -> UInt8[Tensor, "n 3 s wide"]:
    faces = FaceImages(images, task.image_size, framing=task.framing)
    return torch.stack([faces[index] for index in range(len(faces))])


class Meter:
    """Averages of what steps give, and how fast they come."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._begin()

    def _begin(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._waited = 0.0
        self._started = self._since = time.monotonic()

    def stepped(self) -> None:
        """From now on it waits for pictures."""
        self._since = time.monotonic()

    def loaded(self) -> None:
        """It has waited until now."""
        self._waited += time.monotonic() - self._since

    def add(self, terms: Terms) -> None:
        """Count one step."""
        self._sums = {name: self._sums.get(name, 0) + term for name, term in terms.items()}
        self._steps += 1

    def report(self, iteration: int) -> Progress:
        """What came since the last report."""
        seconds = time.monotonic() - self._started
        numbers = {name: float(each) / self._steps for name, each in self._sums.items()}
        progress = Progress(iteration, self._steps * self._batch_size / seconds, self._waited / seconds, numbers)
        self._begin()
        return progress

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out of the time what happens inside."""
        before = time.monotonic()
        yield
        self._started += time.monotonic() - before


def learning_rate_decay(iteration: int, config: LoopConfig) -> float:
    """1; half from each of `halve_at` on; and falling linearly to a tenth at the end."""
    falling = max(1, round(config.iterations * config.decay_share))
    left = min(1.0, (config.iterations - iteration) / falling) if config.decay_share else 1.0
    halvings = sum(iteration >= each for each in config.halve_at)
    return (0.1 + 0.9 * left) / 2**halvings
