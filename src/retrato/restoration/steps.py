"""What the steps of restoring a photo take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """What each step of one photo took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started
