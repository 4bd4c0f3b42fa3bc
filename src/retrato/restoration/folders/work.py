"""Jobs done one after the other, in several processes, or in several threads around one GPU."""

import multiprocessing
import signal
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_connections
from types import FrameType
from typing import NoReturn

from retrato.device import choose_device, cores
from retrato.errors import RetratoError, UnusableWeights
from retrato.restoration.folders.jobs import Job
from retrato.restoration.folders.together import FacesTogether
from retrato.restoration.photo_file import Restore, Writing, restore_file
from retrato.restoration.report import Outcome, PhotoReport
from retrato.restoration.settings import RestoreSettings, load_photo_restorer, way_of
from retrato.restoration.upscaler import Watch

SECONDS_TO_STOP = 10
"""After that, a process that was asked to stop is killed."""


@dataclass(frozen=True)
class Task:
    """A job, and how its result is written."""

    job: Job
    writing: Writing


@dataclass(frozen=True)
class Done:
    """A job that is done, or has failed."""

    job: Job
    report: PhotoReport


def do_all(tasks: Iterable[Task], settings: RestoreSettings, at_once: int, watch: Watch = iter) -> Generator[Done]:
    """Do the tasks, in whatever order they are done; close the iterator to stop.

    Args:
        tasks: taken when there is room for another one.
        settings: of the restorer.
        at_once: how many photos are worked on at a time: on a CPU by as many processes, each with a restorer of its
            own; on a GPU by as many threads, whose faces go through one restorer together.
        watch: shows how far the background of a photo is; where photos are done one after the other.

    Raises:
        RetratoError: there is no such restorer.
    """
    if at_once == 1:
        restore = way_of(settings, load_photo_restorer(settings, watch))
        yield from (do(task, restore) for task in tasks)
    elif choose_device(settings.device).type == "cpu":
        yield from in_processes(tasks, settings, at_once)
    else:
        yield from in_threads(tasks, settings, at_once)


def do(task: Task, restore: Restore) -> Done:
    """Restore one file; what goes wrong is its report."""
    job = task.job
    try:
        report = restore_file(job.source, job.target, restore, task.writing)
    except RetratoError as error:
        report = failed(job, str(error))
    except MemoryError:
        report = failed(job, f"{job.source}: not enough memory; fewer photos at once (--jobs) need less")
    return Done(job, report)


def failed(job: Job, reason: str) -> PhotoReport:
    """The report of a job that could not be done."""
    return PhotoReport(job.source, job.target, Outcome.FAILED, reason=reason)


def in_threads(tasks: Iterable[Task], settings: RestoreSettings, count: int) -> Generator[Done]:
    """In so many threads, whose faces are restored together."""
    restorer = load_photo_restorer(settings)
    with FacesTogether(restorer.restore_faces) as together, ThreadPoolExecutor(count) as pool:
        restorer.restore_faces = together
        restore, waiting = way_of(settings, restorer), set[Future[Done]]()
        for task in tasks:
            waiting.add(pool.submit(do, task, restore))
            if len(waiting) == count:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in ready)
        yield from (each.result() for each in wait(waiting).done)


class Worker:
    """A process with a restorer of its own."""

    def __init__(self, settings: RestoreSettings, threads: int) -> None:
        """Start it.

        Args:
            settings: of its restorer.
            threads: how many it computes with.
        """
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, settings, threads), daemon=True)
        self._process.start()
        theirs.close()  # the last one to have it open is the process: where that dies, the pipe ends
        self.job: Job | None = None

    def give(self, task: Task) -> None:
        """Let it work."""
        self.job = task.job
        self.connection.send(task)

    def take(self) -> Done:
        """What it has done; a job during which it was killed has failed.

        Raises:
            UnusableWeights: its restorer cannot be loaded, with the reason.
        """
        assert self.job is not None
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionError):
            return Done(self.job, failed(self.job, self._why_dead(self.job)))
        if isinstance(answer, str):
            raise UnusableWeights(answer)
        done: Done = answer
        return done

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it can be given more."""
        return self._process.is_alive()

    def stop(self) -> None:
        """End it; where it is at work, it removes what it has half written."""
        self.connection.close()  # which ends it where it waits for work
        if self.job:
            self._process.terminate()
        self._process.join(SECONDS_TO_STOP)
        self._process.kill()
        self._process.join()

    def _why_dead(self, job: Job) -> str:
        self._process.join()
        return (
            f"{job.source}: the process that restored it was ended from outside (exit code {self._process.exitcode}), "
            "most likely for want of memory; try again with fewer --jobs"
        )


def in_processes(tasks: Iterable[Task], settings: RestoreSettings, count: int) -> Generator[Done]:
    """In so many processes; one that dies takes its own photo with it and is replaced."""
    threads = max(1, cores() // count)
    waiting = iter(tasks)
    workers: list[Worker] = []
    try:
        for task in islice(waiting, count):
            workers.append(Worker(settings, threads))
            workers[-1].give(task)
        while busy := {each.connection: each for each in workers if each.job}:
            for connection in wait_for_connections(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                yield worker.take()
                following = next(waiting, None)
                if following is None:
                    worker.job = None
                    continue
                if not worker.lives:
                    worker.stop()
                    workers[workers.index(worker)] = worker = Worker(settings, threads)
                worker.give(following)
    finally:
        for each in workers:
            each.stop()


def serve(connection: Connection, settings: RestoreSettings, threads: int) -> None:
    """A worker's life: it does what it is given until nobody gives it more."""
    import cv2
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first of them stops the others
    signal.signal(signal.SIGTERM, _leave)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    try:
        restore = way_of(settings, load_photo_restorer(settings))
    except RetratoError as error:
        connection.send(str(error))
        return
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send(do(connection.recv(), restore))


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """By an exception, so that what is half written is removed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)
