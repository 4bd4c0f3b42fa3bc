"""Batches that hang on the seed and the iteration alone, so that a resumed run sees what an uninterrupted one would."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from retrato.data.image_files import FaceImages


def random_state(seed: int, iteration: int, purpose: str) -> torch.Generator:
    """A generator for one purpose in one iteration."""
    mixed = f"{seed}/{iteration}/{purpose}".encode()
    return torch.Generator().manual_seed(int.from_bytes(_digest(mixed), "big") >> 1)


def _digest(text: bytes) -> bytes:
    import hashlib

    return hashlib.blake2b(text, digest_size=8).digest()


class DrawnBatches(Sampler[list[int]]):
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


def load_batches(
    images: FaceImages, batches: Sampler[list[int]] | Sequence[list[int]], workers: int = 1
) -> Iterator[UInt8[Tensor, "n 3 s s"]]:
    """Decode batch after batch in the background.

    Args:
        images: where indices point to.
        batches: indices of each batch.
        workers: processes that decode; 0 decodes in this one.
    """
    return iter(DataLoader(images, batch_sampler=batches, num_workers=workers, prefetch_factor=4 if workers else None))
