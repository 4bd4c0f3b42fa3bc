from pathlib import Path

from retrato.images.search import Search
from retrato.restoration.folders.jobs import find_jobs


def test_results_lie_as_their_photos_do(album):
    jobs = find_jobs([album], Path("out"), Search(recursive=True))
    assert {each.name: each.target for each in jobs}["b/c.png"] == Path("out/b/c.png")
    assert len(jobs) == 5


def test_each_photo_is_one_job(album):
    assert len(find_jobs([album / "a.png", album, album / "a.png"], Path("out"))) == 4


def test_another_format_gives_another_ending(album):
    (job,) = find_jobs([album / "a.png"], Path("out"), format_name="TIFF")
    assert job.target == Path("out/a.tif")


def test_a_single_photo_may_have_a_name_for_its_result(album):
    (job,) = find_jobs([album / "a.png"], Path("out/better.jpg"))
    assert (job.target, job.name) == (Path("out/better.jpg"), "better.jpg")


def test_a_folder_without_pictures_is_a_job_to_refuse(tmp_path):
    (tmp_path / "empty").mkdir()
    (job,) = find_jobs([tmp_path / "empty"], Path("out"))
    assert job.source == tmp_path / "empty"


def test_results_of_an_earlier_run_are_no_photos(album):
    (album / "restored").mkdir()
    (album / "a.png").rename(album / "restored" / "a.png")
    names = [each.name for each in find_jobs([album], album / "restored", Search(recursive=True))]
    assert names == ["b/c.png", "d.png", "dark.png", "no.png"]
