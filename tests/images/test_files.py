import errno
import os
import stat
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from retrato.errors import MissingPackage, UnreadableImage, UnwritableOutput
from retrato.images.files import (
    list_pages,
    read_image,
    set_times,
    times_of,
    write_image,
    write_pages,
)
from retrato.images.photo import Photo

as_anyone = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read and write everything"
)


@pytest.fixture
def photo():
    return Photo(np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# Reading


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
def test_what_was_written_can_be_read(tmp_path, photo, suffix):
    path = tmp_path / f"photo.{suffix}"
    write_image(photo, path)
    assert read_image(path).image.shape == photo.image.shape


def test_the_content_tells_the_format_and_not_the_name(tmp_path, photo):
    write_image(photo, tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "named.jpg")
    assert read_image(tmp_path / "named.jpg").format == "PNG"


def test_names_may_be_strings(tmp_path, photo):
    write_image(photo, str(tmp_path / "photo.png"))
    assert read_image(str(tmp_path / "photo.png")).width == 20


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(UnreadableImage, match=r"nobody\.jpg: no such file; check the name"):
        read_image(tmp_path / "nobody.jpg")


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(UnreadableImage, match="a folder without pictures"):
        read_image(tmp_path)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(UnreadableImage, match="an empty file"):
        read_image(tmp_path / "empty.jpg")


def test_a_text_file_named_jpg_is_called_text(tmp_path):
    (tmp_path / "letter.jpg").write_text("Dear grandmother")
    with pytest.raises(UnreadableImage, match=r"letter\.jpg: a text file, not a picture"):
        read_image(tmp_path / "letter.jpg")


def test_a_broken_link_is_called_so_with_its_target(tmp_path):
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableImage, match=r"a link to .*gone\.jpg, which does not exist"):
        read_image(tmp_path / "link.jpg")


def test_a_link_in_a_circle_is_one_clear_line(tmp_path):
    (tmp_path / "circle.jpg").symlink_to(tmp_path / "circle.jpg")
    with pytest.raises(UnreadableImage, match=r"circle\.jpg: cannot be read"):
        read_image(tmp_path / "circle.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImage, match="a device or pipe"):
        read_image(tmp_path / "pipe.jpg")


@as_anyone
def test_a_file_that_one_may_not_read_is_called_so(tmp_path, photo):
    path = tmp_path / "secret.png"
    write_image(photo, path)
    path.chmod(0)
    with pytest.raises(UnreadableImage, match="you may not read this file"):
        read_image(path)


def test_a_refusal_to_open_is_called_so(tmp_path, photo, monkeypatch):
    path = tmp_path / "secret.png"
    write_image(photo, path)
    monkeypatch.setattr(Path, "open", raising(PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(UnreadableImage, match="you may not read this file"):
        read_image(path)


def test_a_file_that_vanishes_while_it_is_opened_is_called_missing(tmp_path, photo, monkeypatch):
    path = tmp_path / "brief.png"
    write_image(photo, path)
    monkeypatch.setattr(Path, "open", raising(FileNotFoundError(errno.ENOENT, "No such file")))
    with pytest.raises(UnreadableImage, match="no such file"):
        read_image(path)


def test_a_name_too_long_for_the_disk_is_one_clear_line(tmp_path):
    with pytest.raises(UnreadableImage, match="file name too long"):
        read_image(tmp_path / ("a" * 300 + ".jpg"))


def test_the_pixel_limit_is_obeyed(tmp_path, photo):
    write_image(photo, tmp_path / "photo.png")
    with pytest.raises(UnreadableImage, match="too large"):
        read_image(tmp_path / "photo.png", pixel_limit=100)


# Writing


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_another_library_reads_the_pixels_that_were_written(tmp_path, photo):
    write_image(photo, tmp_path / "photo.png")
    assert np.array_equal(cv2.imread(str(tmp_path / "photo.png"))[..., ::-1], photo.image)


def test_the_format_can_be_named_apart_from_the_ending(tmp_path, photo):
    write_image(photo, tmp_path / "photo.part", format="PNG")
    assert read_image(tmp_path / "photo.part").format == "PNG"


def test_missing_folders_are_made(tmp_path, photo):
    write_image(photo, tmp_path / "a" / "b" / "photo.png")
    assert (tmp_path / "a" / "b" / "photo.png").is_file()


def test_nothing_but_the_picture_is_left_in_the_folder(tmp_path, photo):
    write_image(photo, tmp_path / "photo.png")
    assert names_in(tmp_path) == ["photo.png"]


def test_an_existing_file_is_not_written_over(tmp_path, photo):
    (tmp_path / "photo.png").write_bytes(b"precious")
    with pytest.raises(UnwritableOutput, match="a file of this name exists"):
        write_image(photo, tmp_path / "photo.png")
    assert (tmp_path / "photo.png").read_bytes() == b"precious"


def test_an_existing_file_is_replaced_when_that_was_asked_for(tmp_path, photo):
    (tmp_path / "photo.png").write_bytes(b"old")
    write_image(photo, tmp_path / "photo.png", replace=True)
    assert read_image(tmp_path / "photo.png").width == 20


def test_a_file_that_appears_while_writing_is_not_written_over(tmp_path, photo, monkeypatch):
    path = tmp_path / "photo.png"
    monkeypatch.setattr(os, "fsync", lambda _: path.write_bytes(b"faster"))
    with pytest.raises(UnwritableOutput, match="a file of this name exists"):
        write_image(photo, path)
    assert path.read_bytes() == b"faster"
    assert names_in(tmp_path) == ["photo.png"]


def test_of_many_writers_of_one_name_exactly_one_succeeds(tmp_path, photo):
    succeeded = []

    def write(number):
        try:
            write_image(photo, tmp_path / "photo.png")
            succeeded.append(number)
        except UnwritableOutput:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(succeeded) == 1
    assert names_in(tmp_path) == ["photo.png"]


def test_disks_without_hard_links_can_be_written_to(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(Path, "hardlink_to", raising(OSError(errno.EPERM, "Operation not permitted")))
    write_image(photo, tmp_path / "photo.png")
    assert names_in(tmp_path) == ["photo.png"]
    assert read_image(tmp_path / "photo.png").width == 20


def test_disks_without_hard_links_keep_existing_files_too(tmp_path, photo, monkeypatch):
    path = tmp_path / "photo.png"
    monkeypatch.setattr(Path, "hardlink_to", raising(OSError(errno.EPERM, "Operation not permitted")))
    monkeypatch.setattr(os, "fsync", lambda _: path.write_bytes(b"faster"))
    with pytest.raises(UnwritableOutput, match="a file of this name exists"):
        write_image(photo, path)
    assert path.read_bytes() == b"faster"


def test_a_full_disk_is_called_full_and_left_clean(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(os, "fsync", raising(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(UnwritableOutput, match="the disk is full; free some space"):
        write_image(photo, tmp_path / "photo.png")
    assert names_in(tmp_path) == []


def test_an_interruption_leaves_the_old_picture_and_nothing_else(tmp_path, photo, monkeypatch):
    (tmp_path / "photo.png").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_image(photo, tmp_path / "photo.png", replace=True)
    assert names_in(tmp_path) == ["photo.png"]
    assert (tmp_path / "photo.png").read_bytes() == b"old"


@as_anyone
def test_a_folder_that_one_may_not_write_in_is_called_so(tmp_path, photo):
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableOutput, match="you may not write in this folder"):
        write_image(photo, tmp_path / "photo.png")


def test_a_refusal_to_write_is_called_so(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(Path, "open", raising(PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(UnwritableOutput, match="you may not write in this folder"):
        write_image(photo, tmp_path / "photo.png")


def test_the_name_of_a_folder_is_refused(tmp_path, photo):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UnwritableOutput, match="a folder has this name"):
        write_image(photo, tmp_path / "folder.png", replace=True)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path, photo):
    (tmp_path / "results").touch()
    with pytest.raises(UnwritableOutput, match=r"results is a file, not a folder"):
        write_image(photo, tmp_path / "results" / "photo.png")


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device on this system")
def test_a_device_is_never_replaced(photo):
    with pytest.raises(UnwritableOutput, match="a device or pipe"):
        write_image(photo, "/dev/null", format="PNG", replace=True)


def test_an_unknown_ending_is_refused_before_anything_is_made(tmp_path, photo):
    with pytest.raises(UnwritableOutput, match="no known picture format"):
        write_image(photo, tmp_path / "new" / "photo.xyz")
    assert names_in(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_umask_decides_who_may_read(tmp_path, photo):
    before = os.umask(0o027)
    try:
        write_image(photo, tmp_path / "photo.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "photo.png").stat().st_mode) == 0o640


def test_pages_are_written_as_they_are_made(tmp_path):
    made = []

    def pages():
        for level in (10, 20, 30):
            made.append(level)
            yield Photo(np.full((8, 8, 3), level, np.uint8))

    assert write_pages(pages(), tmp_path / "album.tif") == ()
    assert list_pages(tmp_path / "album.tif") == (0, 1, 2)
    assert [read_image(tmp_path / "album.tif", page=page).image[0, 0, 0] for page in (0, 1, 2)] == made


def test_pages_only_go_into_a_tiff(tmp_path):
    with pytest.raises(UnwritableOutput, match=r"only a TIFF holds several pages"):
        write_pages([Photo(np.zeros((8, 8, 3), np.uint8))], tmp_path / "album.png")


def test_a_page_that_cannot_be_made_leaves_no_file(tmp_path):
    def pages():
        yield Photo(np.zeros((8, 8, 3), np.uint8))
        raise UnreadableImage("page 2 is damaged")

    with pytest.raises(UnreadableImage, match="page 2"):
        write_pages(pages(), tmp_path / "album.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_not_there_is_refused(tmp_path):
    write_image(Photo(np.zeros((8, 8, 3), np.uint8)), tmp_path / "a.tif")
    with pytest.raises(UnreadableImage, match=r"a\.tif: damaged or cut short"):
        read_image(tmp_path / "a.tif", page=3)


def test_times_of_a_file_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="no such file"):
        times_of(tmp_path / "a.jpg")
    with pytest.raises(UnwritableOutput, match="times cannot be set"):
        set_times(tmp_path / "a.jpg", (0, 0))


def test_heic_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("retrato.images.decoding.can_read_heif", lambda: False)
    monkeypatch.setattr("retrato.images.checks.can_read_heif", lambda: False)
    monkeypatch.setattr("retrato.images.encoding.can_read_heif", lambda: False)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(UnreadableImage, match=r'pip install "retrato\[heif\]"'):
        read_image(tmp_path / "a.heic")
    with pytest.raises(MissingPackage, match=r"retrato\[heif\]"):
        write_image(Photo(np.zeros((8, 8, 3), np.uint8)), tmp_path / "b.heic")
