"""A run over many photos: what is done already is left, what cannot be done is named, the others go on."""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from retrato.device import choose_device, cores
from retrato.restoration.folders.jobs import Job
from retrato.restoration.folders.manifest import Manifest, opened
from retrato.restoration.folders.work import Task, do_all, failed
from retrato.restoration.photo_file import Writing
from retrato.restoration.report import PhotoReport
from retrato.restoration.settings import RestoreSettings
from retrato.restoration.upscaler import Watch

BYTES_FOR_ONE = 1_500_000_000
"""Memory that a process needs for photos of up to 50 megapixels, with room to spare."""
PHOTOS_FOR_ONE = 4
"""Photos that a process has to do to be worth its start."""
GPU_THREADS = 4
"""Enough to read and write some photos while the faces of others are restored."""


@dataclass(frozen=True)
class Run:
    """How many photos are restored."""

    settings: RestoreSettings = RestoreSettings()
    writing: Writing = Writing()
    resume: bool = False
    """Whether results are left that were made before of the same photo with the same settings, and those of other
    photos or settings replaced. What retrato has not made is replaced only if `writing` says so."""
    at_once: int = 1
    """How many photos are worked on at a time; see `work.do_all`."""
    watch: Watch = iter
    """Shows how far the background of a photo is."""

    def in_folder(self, jobs: Sequence[Job], folder: Path) -> Generator[PhotoReport]:
        """Restore photos into a folder that remembers it; close the iterator to stop.

        Reports come in the order in which photos are done.

        Raises:
            FolderInUse: another process is working in the folder.
            UnwritableOutput: the folder cannot be written.
            RetratoError: there is no such restorer.
        """
        with opened(folder, self.settings.fingerprint()) as manifest:
            left: list[Job] = []
            for each in checked(jobs):
                settled = each if isinstance(each, PhotoReport) else self._settled(each, manifest)
                if isinstance(settled, PhotoReport):
                    yield settled
                else:
                    left.append(settled)
            tasks = self._tasks(left, manifest)
            with closing(do_all(tasks, self.settings, self.at_once, self.watch)) as all_done:
                for done in all_done:
                    manifest.finish(done.job, done.report)
                    yield done.report

    def by_name(self, jobs: Sequence[Job]) -> Generator[PhotoReport]:
        """Restore photos, and remember nothing.

        Raises:
            RetratoError: there is no such restorer.
        """
        every = list(checked(jobs))
        yield from (each for each in every if isinstance(each, PhotoReport))
        tasks = (Task(each, self.writing) for each in every if isinstance(each, Job))
        with closing(do_all(tasks, self.settings, self.at_once, self.watch)) as all_done:
            yield from (done.report for done in all_done)

    def _settled(self, job: Job, manifest: Manifest) -> PhotoReport | Job:
        """What an earlier run has made of a job; or the job, where it is still to be done."""
        if not self.resume:
            return job
        done = manifest.done_before(job)
        if done is None and manifest.has_replaced_its_photo(job):
            return failed(job, f"{job.source}: is itself a result, and the photo that it was made of is gone")
        return done or job

    def _tasks(self, left: Sequence[Job], manifest: Manifest) -> Iterator[Task]:
        """One by one, as work on them begins."""
        for job in left:
            is_ours = self.resume and manifest.is_ours(job)
            if self.writing.overwrite or is_ours or not os.path.lexists(job.target):
                manifest.begin(job)
            yield Task(job, replace(self.writing, overwrite=self.writing.overwrite or is_ours))


def checked(jobs: Sequence[Job]) -> Iterator[Job | PhotoReport]:
    """The jobs, and in place of those whose result would have the name of another one's, what is wrong with them."""
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.target in taken:
            reason = f"{job.source}: its result would have the name of {taken[job.target]}'s: {job.target}"
            yield failed(job, reason)
            continue
        taken[job.target] = job.source
        yield job


def photos_at_once(count: int, settings: RestoreSettings) -> int:
    """How many of so many photos are best worked on at a time by this machine."""
    if choose_device(settings.device).type != "cpu":
        return min(count, GPU_THREADS)
    return max(1, min(count // PHOTOS_FOR_ONE, cores(), free_memory() // BYTES_FOR_ONE))


def free_memory() -> int:
    """Bytes that programs may still take; a guess for two photos where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 * BYTES_FOR_ONE
