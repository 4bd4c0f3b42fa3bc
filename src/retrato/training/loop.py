"""The training loop, the same for every model family."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from retrato.data import DrawnBatches, FaceImages, StoredImage, load_batches, random_state, source_shares
from retrato.training.run_folder import RunFolder, ScalarLog
from retrato.training.task import Task

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
    preview_images: Sequence[StoredImage] | None = None,
    save_every_seconds: float = 600,
) -> Iterator[Progress]:
    """Train until `config.iterations`, from where the run folder stands; a report every few iterations.

    Closing the iterator early (or an exception within) saves a checkpoint first.

    Args:
        task: what learns.
        images: what it learns from.
        run: where checkpoints, numbers and previews go.
        config: how long.
        preview_images: faces to show in previews; by default the first of `images`.
        save_every_seconds: time between checkpoints.

    Raises:
        Diverged: a loss is no longer a number; the last checkpoint is kept.
    """
    done, spent_seconds = run.resume(task)
    faces = FaceImages(images, task.image_size)
    shares = source_shares([each.name for each in images])
    drawn = DrawnBatches(shares, config.batch_size, config.seed, range(done, config.iterations))
    log = ScalarLog(run)
    previews = FaceImages((preview_images or images)[:PREVIEW_PICTURES], task.image_size)
    preview_pictures = torch.stack([previews[index] for index in range(len(previews))])

    def save() -> None:
        run.save(task, done, spent_seconds + time.monotonic() - started)
        run.save_weights(task.weights(), done)
        run.save_preview(task.preview(preview_pictures), done)

    started = saved = reported = time.monotonic()
    reported_at, saving_seconds = done, 0.0
    pending: dict[str, torch.Tensor] = {}
    try:
        for pictures in load_batches(faces, drawn):
            rng = random_state(config.seed, done, "step")
            terms = task.step(pictures, rng, done, learning_rate_decay(done, config))
            done += 1
            pending = {name: pending.get(name, 0) + term for name, term in terms.items()}
            if done % LOG_ITERATIONS == 0 or done == config.iterations:
                count = done - reported_at
                now = time.monotonic()
                numbers = {name: float(each) / count for name, each in pending.items()}
                log.add(numbers, done)
                yield Progress(done, count * config.batch_size / (now - reported - saving_seconds), numbers)
                pending, reported, reported_at, saving_seconds = {}, now, done, 0.0
            if time.monotonic() - saved > save_every_seconds:
                before = time.monotonic()
                save()
                saved = time.monotonic()
                saving_seconds += saved - before
    except (KeyboardInterrupt, GeneratorExit):
        save()
        raise
    finally:
        log.close()
    save()


def learning_rate_decay(iteration: int, config: LoopConfig) -> float:
    """1, then falling linearly to a tenth at the end."""
    falling = max(1, round(config.iterations * config.decay_share))
    left = (config.iterations - iteration) / falling
    return min(1.0, max(0.1, left))
