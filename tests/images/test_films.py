import errno
import os
import weakref

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL.ExifTags import Base

from retrato.errors import UnwritableOutput
from retrato.images.films import write_film

SUFFIXES = (".gif", ".webp", ".mp4")
RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 220)


def plain(colour, size=32):
    return np.full((size, size, 3), colour, np.uint8)


def frames_of(path):
    if path.suffix == ".mp4":
        return mp4_frames(path)
    with PIL.Image.open(path) as film:
        frames = []
        for index in range(film.n_frames):
            film.seek(index)
            frames.append(np.array(film.convert("RGB")))
    return frames


def mp4_frames(path):
    film = cv2.VideoCapture(str(path))
    frames = []
    while True:
        is_there, frame = film.read()
        if not is_there:
            film.release()
            return frames
        frames.append(frame[..., ::-1])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_shows_its_frames_in_order_and_in_their_colours(tmp_path, suffix):
    write_film([plain(RED), plain(GREEN), plain(BLUE)], tmp_path / f"film{suffix}", 10)
    colours = [frame.mean((0, 1)) for frame in frames_of(tmp_path / f"film{suffix}")]
    assert np.allclose(colours, [RED, GREEN, BLUE], atol=8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_may_have_one_frame(tmp_path, suffix):
    write_film([plain(RED)], tmp_path / f"film{suffix}", 10)
    assert len(frames_of(tmp_path / f"film{suffix}")) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_but_the_film_is_left_in_the_folder(tmp_path, suffix):
    write_film([plain(RED), plain(BLUE)], tmp_path / f"film{suffix}", 10)
    assert [path.name for path in tmp_path.iterdir()] == [f"film{suffix}"]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_frame_stands_for_its_part_of_a_second(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    write_film([plain(RED), plain(BLUE)], path, 25)
    with PIL.Image.open(path) as film:
        film.seek(1)
        film.load()
        assert film.info["duration"] == 40


def test_an_mp4_has_its_frames_per_second(tmp_path):
    write_film([plain(RED), plain(BLUE)], tmp_path / "film.mp4", 25)
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    film.release()


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_film_begins_again_at_its_end(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    write_film([plain(RED), plain(BLUE)], path, 25)
    with PIL.Image.open(path) as film:
        assert film.info["loop"] == 0  # times, and 0 stands for ever


def test_a_gif_holds_the_note_as_its_comment(tmp_path):
    write_film([plain(RED), plain(BLUE)], tmp_path / "film.gif", 10, note="drawn by nobody")
    with PIL.Image.open(tmp_path / "film.gif") as film:
        assert film.info["comment"] == b"drawn by nobody"


@pytest.mark.parametrize("colours", [[RED], [RED, BLUE]])
def test_a_webp_holds_the_note_in_its_exif(tmp_path, colours):
    write_film(map(plain, colours), tmp_path / "film.webp", 10, note="drawn by nobody")
    with PIL.Image.open(tmp_path / "film.webp") as film:
        assert film.getexif()[Base.ProcessingSoftware] == "drawn by nobody"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_folders_are_made_for_a_film(tmp_path, suffix):
    write_film([plain(RED)], tmp_path / "a" / "b" / f"film{suffix}", 10)
    assert (tmp_path / "a" / "b" / f"film{suffix}").is_file()


def test_an_mp4_of_any_length_takes_the_memory_of_few_frames(tmp_path):
    alive = weakref.WeakSet()
    most = 0

    class Frame(np.ndarray):
        __hash__ = object.__hash__

    def frames():
        nonlocal most
        for level in range(50):
            frame = plain((level, 0, 0)).view(Frame)
            alive.add(frame)
            most = max(most, len(alive))
            yield frame

    write_film(frames(), tmp_path / "film.mp4", 25)
    assert most <= 4


# What is refused


@pytest.mark.parametrize(("name", "found"), [("film.avi", r"ends in '\.avi'"), ("film", "has no ending")])
def test_an_unknown_kind_of_film_is_refused_with_the_known_ones(tmp_path, name, found):
    with pytest.raises(UnwritableOutput, match=rf"{found}, .* use one of \.gif, \.webp, \.mp4"):
        write_film([plain(RED)], tmp_path / name, 10)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_of_nothing_is_refused(tmp_path, suffix):
    with pytest.raises(ValueError, match="at least one frame, found none"):
        write_film([], tmp_path / f"film{suffix}", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_of_different_sizes_are_refused_and_leave_nothing(tmp_path, suffix):
    frames = [plain(RED), plain(BLUE), plain(RED, 16)]
    with pytest.raises(ValueError, match="found 32x32 and, in frame 2, 16x16"):
        write_film(frames, tmp_path / f"film{suffix}", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_film_is_kept_unless_it_may_be_replaced(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    path.write_bytes(b"precious")
    with pytest.raises(UnwritableOutput, match="a file of this name exists"):
        write_film([plain(RED)], path, 10)
    assert path.read_bytes() == b"precious"
    write_film([plain(RED)], path, 10, replace=True)
    assert len(frames_of(path)) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interruption_leaves_the_old_film_and_nothing_else(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    path.write_bytes(b"old")

    def interrupted():
        yield plain(RED)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(interrupted(), path, 10, replace=True)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_an_opencv_without_the_codec_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2.VideoWriter, "isOpened", lambda _: False)
    with pytest.raises(UnwritableOutput, match=r"cannot write MP4 \(codec mp4v\): write \.webp or \.gif"):
        write_film([plain(RED)], tmp_path / "film.mp4", 10)
    assert list(tmp_path.iterdir()) == []


def test_an_mp4_that_lacks_frames_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2.VideoWriter, "write", lambda *_: None)  # as it does on a full disk
    with pytest.raises(UnwritableOutput, match="is not whole: free some space"):
        write_film([plain(RED)], tmp_path / "film.mp4", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, suffix):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableOutput, match=r"cannot write .*; choose another"):
        write_film([plain(RED)], tmp_path / "file" / f"film{suffix}", 10)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_called_full_and_left_clean(tmp_path, suffix, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableOutput, match="the disk is full; free some space"):
        write_film([plain(RED)], tmp_path / f"film{suffix}", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_one_may_not_write_in_is_said_to_be_so(tmp_path, suffix):
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableOutput, match="you may not write in this folder; choose another folder"):
        write_film([plain(RED)], tmp_path / f"film{suffix}", 10)
