import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import torch

from retrato.errors import UnusableWeights
from retrato.images.files import read_image, write_image
from retrato.images.photo import Photo
from retrato.restoration.folders.jobs import find_jobs
from retrato.restoration.folders.together import FacesTogether
from retrato.restoration.folders.work import Task, Worker, do_all, in_processes, in_threads
from retrato.restoration.photo_file import Writing
from retrato.restoration.report import Outcome
from retrato.restoration.settings import RestoreSettings


@pytest.fixture
def tasks(album, tmp_path):
    return [Task(each, Writing()) for each in find_jobs([album], tmp_path / "out")]


@pytest.fixture
def portraits(tmp_path, astronaut):
    """Files that need more than the stand-in: other processes have none."""
    for name in ("a.png", "b.png", "c.png"):
        write_image(Photo(astronaut[::2, ::2].copy()), tmp_path / "portraits" / name)
    (tmp_path / "portraits" / "no.png").write_text("dear diary")
    return [Task(each, Writing()) for each in find_jobs([tmp_path / "portraits"], tmp_path / "out")]


def outcomes(done):
    return sorted((each.job.name, each.report.outcome.value) for each in done)


def test_threads_do_what_one_does(tasks, loaded, tmp_path):
    one_by_one = outcomes(do_all(tasks, RestoreSettings(), 1))
    pictures = {path: read_image(path).image.tolist() for path in (tmp_path / "out").iterdir()}
    again = [Task(each.job, Writing(overwrite=True)) for each in tasks]
    assert outcomes(in_threads(again, RestoreSettings(), 3)) == one_by_one
    assert {path: read_image(path).image.tolist() for path in pictures} == pictures
    assert len(loaded) == 2


def test_several_processes_restore_all_and_name_what_they_cannot(portraits):
    assert outcomes(in_processes(portraits, RestoreSettings(), 2)) == [
        ("a.png", "restored"),
        ("b.png", "restored"),
        ("c.png", "restored"),
        ("no.png", "failed"),
    ]


def test_a_process_that_is_killed_takes_its_own_photo_with_it(portraits):
    worker = Worker(RestoreSettings(), 1)
    try:
        worker.give(portraits[0])
        os.kill(worker.pid, signal.SIGKILL)
        report = worker.take().report
    finally:
        worker.stop()
    assert report.outcome is Outcome.FAILED
    assert "ended from outside" in report.reason
    assert not worker.lives


def test_processes_that_cannot_load_the_weights_say_so(portraits):
    with pytest.raises(UnusableWeights, match=r"nowhere\.safetensors"):
        list(in_processes(portraits, RestoreSettings(weights="nowhere.safetensors"), 2))


def test_work_that_is_stopped_ends_its_processes(portraits):
    with closing(in_processes(portraits, RestoreSettings(), 2)) as done:
        next(done)
    assert not multiprocessing.active_children()


# Faces of several photos


class Counting:
    name = "what counts"
    size = 8

    def __init__(self):
        self.batches = []

    def __call__(self, faces):
        self.batches.append(len(faces))
        if (faces > 1).any():
            raise RuntimeError("too bright")
        return faces / 2


def ask_at_once(together, batches):
    with ThreadPoolExecutor(len(batches)) as pool:
        return [each.result() for each in [pool.submit(together, batch) for batch in batches]]


def test_everybody_gets_his_own_faces_back():
    restorer = Counting()
    batches = [torch.full((count, 3, 8, 8), count / 10) for count in (1, 3, 2, 5)]
    with FacesTogether(restorer, at_once=6) as together:
        for asked, answer in zip(batches, ask_at_once(together, batches), strict=True):
            assert torch.equal(answer, asked / 2)
    assert sum(restorer.batches) == 11
    assert max(restorer.batches) <= 6


def test_faces_wait_for_each_other():
    restorer = Counting()
    with FacesTogether(restorer, wait_seconds=1.0) as together:
        ask_at_once(together, [torch.zeros(2, 3, 8, 8)] * 4)
    assert restorer.batches == [8]


def test_whoever_asks_for_more_than_a_batch_gets_it():
    with FacesTogether(Counting(), at_once=2) as together:
        assert len(together(torch.zeros(5, 3, 8, 8))) == 5


def test_an_error_is_raised_to_those_who_asked_and_the_next_go_on():
    with FacesTogether(Counting()) as together:
        with pytest.raises(RuntimeError, match="too bright"):
            together(torch.full((1, 3, 8, 8), 2.0))
        assert len(together(torch.zeros(1, 3, 8, 8))) == 1
