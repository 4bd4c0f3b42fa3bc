"""Batches that hang on the seed and the iteration alone, so that a resumed run sees what an uninterrupted one would."""

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.data.image_files import FaceImages
from retrato.losses.components import PlacesOfFaces

BATCHES_AHEAD = 4


def random_state(seed: int, iteration: int, purpose: str) -> torch.Generator:
    """A generator for one purpose in one iteration."""
    mixed = f"{seed}/{iteration}/{purpose}".encode()
    digest = hashlib.blake2b(mixed, digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


class DrawnBatches:
    """Indices of the pictures of each iteration, drawn with replacement by their shares."""

    def __init__(self, shares: Tensor, batch_size: int, seed: int, iterations: range) -> None:
        self.shares = shares
        self.batch_size = batch_size
        self.seed = seed
        self.iterations = iterations

    def __len__(self) -> int:
        return len(self.iterations)

    def __iter__(self) -> Iterator[list[int]]:
        for iteration in self.iterations:
            rng = random_state(self.seed, iteration, "batch")
            yield torch.multinomial(self.shares, self.batch_size, replacement=True, generator=rng).tolist()


@dataclass(frozen=True)
class FaceBatch:
    """Faces to learn from."""

    pictures: UInt8[Tensor, "n 3 s wide"]
    """0 to 255; square, or two squares beside each other."""
    places: PlacesOfFaces
    """Where eyes and mouth are."""


def load_batches(images: FaceImages, batches: Iterable[list[int]], threads: int = 1) -> Generator[FaceBatch]:
    """Decode batch after batch in the background, a few ahead.

    In threads, not processes: decoding leaves Python's lock alone, and a signal has one process to stop.

    Args:
        images: where indices point to.
        batches: indices of each batch.
        threads: how many batches are decoded at a time.
    """

    def load(indices: list[int]) -> FaceBatch:
        pictures = torch.stack([images[index] for index in indices])
        return FaceBatch(pictures, torch.stack([images.places(index) for index in indices]))

    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[FaceBatch]] = deque()
    try:
        for indices in batches:
            waiting.append(pool.submit(load, indices))
            if len(waiting) > BATCHES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
