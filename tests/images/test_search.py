import os

import pytest

from retrato.errors import UnreadableImage
from retrato.images.search import Search, find_images


@pytest.fixture
def album(tmp_path):
    for name in ("b.png", "1950/a.jpg", "1950/summer/c.TIF", "1960/a.jpg", ".thumbs/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names_in(folder, *arguments, **options):
    return [path.relative_to(folder).as_posix() for path in find_images(folder, *arguments, **options)]


def test_pictures_are_found_by_their_endings_in_order(tmp_path):
    for name in ["b.png", "a.JPG", "c.tiff", "notes.txt", ".hidden.png"]:
        (tmp_path / name).touch()
    assert [path.name for path in find_images(tmp_path)] == ["a.JPG", "b.png", "c.tiff"]


def test_folders_are_neither_pictures_nor_looked_into(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.png" / "a.png").touch()
    assert find_images(tmp_path) == []


@pytest.mark.parametrize("name", ["nowhere", "file.png"])
def test_what_is_no_folder_is_refused(tmp_path, name):
    (tmp_path / "file.png").touch()
    with pytest.raises(UnreadableImage, match=r"cannot look for pictures in .*; name a folder"):
        find_images(tmp_path / name)


def test_folders_inside_are_looked_into_where_asked(album):
    assert names_in(album) == ["b.png"]
    assert names_in(album, Search(recursive=True)) == ["1950/a.jpg", "1950/summer/c.TIF", "1960/a.jpg", "b.png"]


def test_patterns_are_of_names_or_of_paths(album):
    assert names_in(album, Search(recursive=True, include=("*.tif", "1960/*"))) == ["1950/summer/c.TIF", "1960/a.jpg"]
    assert names_in(album, Search(recursive=True, exclude=("1950/*", "B.*"))) == ["1960/a.jpg"]


def test_the_folder_of_the_results_is_not_looked_into(album):
    assert names_in(album, Search(recursive=True), leave_out=[album / "1950"]) == ["1960/a.jpg", "b.png"]


def test_results_may_go_into_the_folder_of_the_photos(album):
    assert names_in(album, leave_out=[album]) == ["b.png"]


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_links_to_folders_are_followed_and_loops_end(album, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "d.png").touch()
    (album / "1950" / "up").symlink_to(album)
    (album / "1960" / "there").symlink_to(other)
    (other / "back").symlink_to(album / "1960")
    found = names_in(album, Search(recursive=True))
    assert found == ["1950/a.jpg", "1950/summer/c.TIF", "1960/a.jpg", "1960/there/d.png", "b.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may look into everything")
def test_a_folder_that_may_not_be_looked_into_is_listed_itself(album):
    (album / "1950").chmod(0)
    try:
        assert names_in(album, Search(recursive=True)) == ["1950", "1960/a.jpg", "b.png"]
    finally:
        (album / "1950").chmod(0o755)
