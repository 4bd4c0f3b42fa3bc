"""Faces of several photos, restored together."""

from collections.abc import Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType

import torch
from torch import Tensor

from retrato.restoration.photo import FACES_AT_ONCE
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces

WAIT_SECONDS = 0.005
"""How long the first faces wait for others: little beside what restoring takes."""

_Asked = tuple[Tensor, "Future[Tensor]"]


class FacesTogether:
    """A restorer for several threads: what they ask for at the same time goes through it as one batch.

    A GPU is much faster so. Close it when all threads are done.
    """

    def __init__(
        self, restore_faces: FaceRestorer, at_once: int = FACES_AT_ONCE, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        """Begin to wait for faces.

        Args:
            restore_faces: does the work, in one thread.
            at_once: the most faces of a batch, as far as nobody asks for more by himself.
            wait_seconds: how long faces wait for others.
        """
        self._restore_faces = restore_faces
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._restore_faces.size

    @property
    def name(self) -> str:
        """Kind and weights."""
        return self._restore_faces.name

    def __call__(self, faces: Faces) -> Faces:
        """The restored faces; whatever the restorer raises is raised to all whose faces were in the batch."""
        answer: Future[Tensor] = Future()
        self._asked.put((faces, answer))
        return answer.result()

    def __enter__(self) -> "FacesTogether":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        waiting: _Asked | None = None
        while True:
            first = waiting or self._asked.get()
            if first is None:
                return
            batch, waiting, is_last = self._batch_from(first)
            self._answer(batch)
            if is_last:
                return

    def _batch_from(self, first: _Asked) -> tuple[list[_Asked], _Asked | None, bool]:
        """What goes together, what is too much for it, and whether nobody will ask again."""
        batch, count = [first], len(first[0])
        while count < self._at_once:
            try:
                following = self._asked.get(timeout=self._wait_seconds)
            except Empty:
                break
            if following is None:
                return batch, None, True
            if count + len(following[0]) > self._at_once:
                return batch, following, False
            batch.append(following)
            count += len(following[0])
        return batch, None, False

    def _answer(self, batch: Sequence[_Asked]) -> None:
        try:
            restored = self._restore_faces(torch.cat([faces for faces, _ in batch]))
        except BaseException as error:  # noqa: BLE001 (it is for whoever asked)
            for _, answer in batch:
                answer.set_exception(error)
            return
        for part, (_, answer) in zip(restored.split([len(faces) for faces, _ in batch]), batch, strict=True):
            answer.set_result(part)
