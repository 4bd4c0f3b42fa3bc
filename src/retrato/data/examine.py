"""The faces of one photo cut out and judged, and of many photos at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import torch

from retrato.data.duplicates import SAME_FACE, Appearance, appearance_of
from retrato.data.prepared import DroppedFace, Stamp
from retrato.data.quality import Demands, Flaw, Quality, find_flaw, measure
from retrato.errors import NotEnoughMemory, UnreadableImage, UnusableFace
from retrato.faces.alignment import cut_out, mapped
from retrato.faces.face import Face, FaceCrop
from retrato.faces.mtcnn import MTCNNDetector
from retrato.faces.plausible import require_plausible
from retrato.images.encoding import encode_photo
from retrato.images.files import read_image
from retrato.images.photo import Photo
from retrato.losses.components import places_from_landmarks

PHOTOS_AHEAD = 2
"""How many photos for each process are under way or wait for the ones before them; bounds the memory."""


@dataclass(frozen=True)
class PrepareConfig:
    """Which faces are kept, and how they are written."""

    size: int = 512
    """Width and height of the crops in pixels."""
    format: str = "WEBP"
    """Pillow's name of the crops' file format: WEBP, at quality 95, or PNG."""
    demands: Demands = field(default_factory=Demands)
    same_face: int = SAME_FACE
    """Most bits of 256 by which two crops differ that are taken for copies of one."""

    @property
    def settings(self) -> dict[str, Any]:
        """All of it by name, in plain values."""
        return {"size": self.size, "format": self.format, "same_face": self.same_face, **asdict(self.demands)}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face that is good enough, unless one like it is kept already."""

    picture: bytes
    """The content of the crop's file."""
    facts: Mapping[str, Any]
    """What is to be written beside it, but for the photo's name."""
    appearance: Appearance
    box: tuple[float, ...]
    """Left, top, right, bottom in photo pixels."""


@dataclass(frozen=True, eq=False)
class ExaminedPhoto:
    """What is in one photo."""

    stamp: Stamp | None
    candidates: tuple[Candidate, ...] = ()
    """The largest first."""
    dropped: tuple[DroppedFace, ...] = ()
    problem: str = ""
    """Why it could not be read; empty if it could."""


def examine(file: Path, config: PrepareConfig) -> ExaminedPhoto:
    """Find, cut out and judge the faces of one photo; one that cannot be read has a problem and no faces."""
    stamp = Stamp.of(file)
    try:
        photo = read_image(file)
        outcomes = [_examine_face(photo, face, config) for face in _detector()(photo.image)]
    except UnreadableImage as error:
        return ExaminedPhoto(stamp, problem=str(error))
    except MemoryError:
        return ExaminedPhoto(stamp, problem=f"{file}: not enough memory; use fewer processes, or a smaller copy")
    candidates = tuple(each for each in outcomes if isinstance(each, Candidate))
    return ExaminedPhoto(stamp, candidates, tuple(each for each in outcomes if isinstance(each, DroppedFace)))


def _examine_face(photo: Photo, face: Face, config: PrepareConfig) -> Candidate | DroppedFace:
    box = tuple(round(each, 1) for each in (face.box.left, face.box.top, face.box.right, face.box.bottom))
    try:
        require_plausible(face)
        crop = cut_out(photo.image, face.landmarks, config.size)
    except UnusableFace as error:
        return DroppedFace(Flaw.CROOKED, str(error), box)
    quality = measure(photo.image, face, crop)
    found = find_flaw(quality, config.demands, config.size)
    if found:
        return DroppedFace(*found, box)
    appearance = appearance_of(crop)
    facts = {"box": box, **_places(face, crop), **_rounded(quality), "hash": appearance.hash.tobytes().hex()}
    return Candidate(encode_photo(Photo(crop.image), config.format), facts, appearance, box)


def _places(face: Face, crop: FaceCrop) -> dict[str, Any]:
    """Landmarks and components in widths of the crop, counted from its upper left corner."""
    landmarks = (mapped(face.landmarks, crop.photo_to_crop) + 0.5) / len(crop.image)
    components = places_from_landmarks(landmarks)
    return {
        "landmarks": landmarks.round(5).tolist(),
        "components": {
            str(name): [round(each, 5) for each in (place.x, place.y, place.side)] for name, place in components.items()
        },
    }


def _rounded(quality: Quality) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(quality).items()}


@cache
def _detector() -> MTCNNDetector:
    """One for each process."""
    return MTCNNDetector.bundled()


def examine_all(files: Sequence[Path], config: PrepareConfig, processes: int) -> Generator[ExaminedPhoto, None, None]:
    """Each photo, in the given order whichever is done first; with one process, in this one.

    Raises:
        NotEnoughMemory: a process died.
    """
    work = partial(examine, config=config)
    processes = min(processes, len(files))
    if processes <= 1:
        yield from map(work, files)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin_process)
    waiting: deque[Future[ExaminedPhoto]] = deque()
    try:
        for file in files:
            with _interrupts_held():
                waiting.append(pool.submit(work, file))
            if len(waiting) >= PHOTOS_AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise NotEnoughMemory(
            "a process that looked for faces died, probably for want of memory: "
            "use fewer processes; what is done stays done"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_process() -> None:
    """As many processes as cores, so one thread each; and none may outlive the one that started it."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process started meanwhile takes no notice of Ctrl-C, which goes to all of them: this one ends the others."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
