import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from retrato.device import DeviceName
from retrato.errors import FolderInUse
from retrato.images.files import read_image, write_image
from retrato.images.photo import Photo
from retrato.images.search import Search
from retrato.restoration.folders.jobs import find_jobs
from retrato.restoration.folders.run import Run, photos_at_once
from retrato.restoration.photo_file import Writing
from retrato.restoration.report import Outcome, PhotoReport
from retrato.restoration.settings import RestoreSettings

AGAIN = Run(resume=True)


@pytest.fixture
def run(album, tmp_path):
    def call(run=AGAIN):
        jobs = find_jobs([album], tmp_path / "out", Search(recursive=True))
        return list(run.in_folder(jobs, tmp_path / "out"))

    return call


def outcomes(reports):
    return Counter(each.outcome for each in reports)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.png")}


def test_every_photo_has_a_report(run):
    assert outcomes(run()) == {Outcome.RESTORED: 3, Outcome.NO_FACE: 1, Outcome.FAILED: 1}


def test_what_is_done_is_left_and_what_failed_is_tried_again(run, tmp_path):
    run()
    before = contents(tmp_path / "out")
    assert outcomes(run()) == {Outcome.DONE_BEFORE: 3, Outcome.NO_FACE: 1, Outcome.FAILED: 1}
    assert contents(tmp_path / "out") == before


def test_a_report_of_what_was_done_before_has_its_faces(run):
    first = {each.source: each for each in run()}
    for each in run():
        assert each.faces == first[each.source].faces


def test_a_photo_that_has_changed_is_restored_anew(run, album, tmp_path):
    run()
    write_image(Photo(np.full((80, 70, 3), 100, np.uint8)), album / "a.png", replace=True)
    assert outcomes(run()) == {Outcome.RESTORED: 1, Outcome.DONE_BEFORE: 2, Outcome.NO_FACE: 1, Outcome.FAILED: 1}
    assert read_image(tmp_path / "out" / "a.png").image[-1, -1].tolist() == [100, 100, 100]


def test_other_settings_make_everything_anew(run):
    run()
    assert outcomes(run(replace(AGAIN, settings=RestoreSettings(noise_seed=1))))[Outcome.RESTORED] == 3


def test_a_result_that_is_missing_is_made_anew(run, tmp_path):
    run()
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "a.png").unlink()
    assert outcomes(run())[Outcome.RESTORED] == 1
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("settings", [RestoreSettings(), RestoreSettings(noise_seed=1)])
def test_a_result_that_was_retouched_is_named_and_stays(run, tmp_path, settings):
    run()
    (tmp_path / "out" / "a.png").write_bytes(b"retouched")
    reports = {each.target.name: each for each in run(replace(AGAIN, settings=settings))}
    assert "exists" in reports["a.png"].reason
    assert (tmp_path / "out" / "a.png").read_bytes() == b"retouched"


def test_a_file_that_is_not_ours_is_never_replaced(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("precious")
    for _ in range(2):
        reports = {each.target.name: each for each in run()}
        assert "exists" in reports["a.png"].reason
        assert (tmp_path / "out" / "a.png").read_text() == "precious"


def test_without_resuming_results_are_not_replaced(run):
    run()
    assert outcomes(run(Run()))[Outcome.FAILED] == 4
    assert outcomes(run(Run(writing=Writing(overwrite=True))))[Outcome.RESTORED] == 3


def test_photos_that_were_replaced_by_their_results_are_not_restored_twice(album):
    over = Run(writing=Writing(overwrite=True), resume=True)
    jobs = find_jobs([album], album, Search(recursive=True))
    assert outcomes(over.in_folder(jobs, album))[Outcome.RESTORED] == 3
    before = contents(album)
    assert outcomes(over.in_folder(jobs, album))[Outcome.DONE_BEFORE] == 3
    assert contents(album) == before
    others = replace(over, settings=RestoreSettings(noise_seed=1)).in_folder(jobs, album)
    assert "is itself a result" in next(each for each in others if each.target.name == "a.png").reason
    assert contents(album) == before


def test_a_photo_that_vanished_beside_its_result_is_named_and_the_others_go_on(run, album, tmp_path):
    jobs = find_jobs([album], tmp_path / "out", Search(recursive=True))
    list(AGAIN.in_folder(jobs, tmp_path / "out"))
    (album / "a.png").unlink()
    reports = {each.target.name: each for each in AGAIN.in_folder(jobs, tmp_path / "out")}
    assert "no such file" in reports["a.png"].reason
    assert outcomes(reports.values())[Outcome.DONE_BEFORE] == 2


def test_a_torn_manifest_costs_no_more_than_its_last_line(run, tmp_path):
    run()
    manifest = tmp_path / "out" / ".retrato" / "manifest.jsonl"
    lines = [each for each in manifest.read_bytes().splitlines(keepends=True) if b"sha256" in each and b"a.png" in each]
    (last,) = lines
    others = manifest.read_bytes().replace(last, b"")
    manifest.write_bytes(others + last[: len(last) // 2])
    assert outcomes(run())[Outcome.DONE_BEFORE] == 2
    assert outcomes(run())[Outcome.DONE_BEFORE] == 3


@pytest.mark.parametrize("line", ["[]", "7", '{"name": "a.png", "report": 3, "settings": null}', "\xff", "{}"])
def test_a_manifest_that_says_nonsense_is_passed_over(run, tmp_path, line):
    (tmp_path / "out" / ".retrato").mkdir(parents=True)
    (tmp_path / "out" / ".retrato" / "manifest.jsonl").write_text(f"{line}\n", encoding="latin-1")
    assert outcomes(run())[Outcome.RESTORED] == 3


def test_what_a_killed_process_left_unfinished_is_removed(run, tmp_path):
    run()
    unfinished = tmp_path / "out" / "b" / ".retrato-0123456789abcdef.part"
    unfinished.write_bytes(b"half")
    other = tmp_path / "out" / "b" / ".mine.part"
    other.write_bytes(b"whole")
    run()
    assert not unfinished.exists()
    assert other.exists()


def test_a_manifest_speaks_of_its_own_folder_alone(run, tmp_path):
    outside = tmp_path / ".retrato-0123456789abcdef.part"
    outside.touch()
    (tmp_path / "out" / ".retrato").mkdir(parents=True)
    names = (b'{"name": "../a.png"}', b'{"name": "' + bytes(tmp_path / "a.png") + b'"}')
    (tmp_path / "out" / ".retrato" / "manifest.jsonl").write_bytes(b"\n".join(names))
    run()
    assert outside.exists()


def test_two_runs_in_one_folder_do_not_meet(run, album, tmp_path):
    jobs = find_jobs([album], tmp_path / "out")
    first = Run().in_folder(jobs, tmp_path / "out")
    next(first)
    with pytest.raises(FolderInUse):
        run()
    first.close()
    assert outcomes(run())[Outcome.DONE_BEFORE] == 1


def test_a_stopped_run_goes_on_and_ends_as_one_that_was_not(run, album, tmp_path):
    run(Run())
    undisturbed = {path.name: content for path, content in contents(tmp_path / "out").items()}
    jobs = find_jobs([album], tmp_path / "again", Search(recursive=True))
    for _ in jobs:
        stopped = AGAIN.in_folder(jobs, tmp_path / "again")
        next(stopped)
        stopped.close()
    list(AGAIN.in_folder(jobs, tmp_path / "again"))
    assert {path.name: content for path, content in contents(tmp_path / "again").items()} == undisturbed


def test_two_photos_of_one_name_do_not_replace_each_other(album, tmp_path):
    jobs = find_jobs([album / "a.png", album / "b"], tmp_path / "out")
    renamed = [replace(each, target=tmp_path / "out" / "same.png") for each in jobs]
    first, second = sorted(Run().in_folder(renamed, tmp_path / "out"), key=lambda each: each.outcome)
    assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.RESTORED)
    assert "would have the name of" in first.reason


def test_a_record_is_json_and_can_be_read_back(run):
    for each in run():
        record = json.loads(json.dumps(each.record()))
        assert replace(PhotoReport.from_record(record, each.outcome), seconds={}) == replace(each, seconds={})


@pytest.mark.parametrize(
    ("count", "cores", "free", "expected"),
    [(1, 8, 64, 1), (3, 8, 64, 1), (100, 8, 64, 8), (90, 8, 4, 2), (9, 8, 0, 1)],
)
def test_as_many_photos_at_once_as_cores_and_memory_allow(monkeypatch, count, cores, free, expected):
    monkeypatch.setattr("retrato.restoration.folders.run.cores", lambda: cores)
    monkeypatch.setattr("retrato.restoration.folders.run.free_memory", lambda: free * 10**9)
    assert photos_at_once(count, RestoreSettings(device=DeviceName.CPU)) == expected
