import numpy as np
import pytest
import tifffile

from retrato.cli.photo_files import Outcome, describe, restore_file
from retrato.errors import NoFace, UnwritableOutput
from retrato.faces.face import Box, Face
from retrato.images.resizing import enlarge_photo
from retrato.restoration.photo import PhotoRestorer, RestoredPhoto

BRIGHT = 200
"""Pages that are as bright have a face; for what restores them, all others have a speck that it cannot restore."""


class Unchanged:
    name = "nothing"
    size = 64

    def __call__(self, faces):
        return faces


def face_of(eye_distance):
    shape = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])
    return Face(Box(7.0, 9.0, 60.0, 70.0), np.array([30.0, 30.0]) + eye_distance * shape, 0.99)


def find(image):
    return [face_of(24.0) if image.mean() > BRIGHT else face_of(2.0)]


restore = PhotoRestorer(find, Unchanged())


def enlarged_by_a_model(photo):
    return RestoredPhoto(enlarge_photo(photo, 2), [], {}, enlarged_by="a model")


@pytest.fixture
def album(tmp_path):
    """One page with a face, two without."""

    def write(*levels):
        with tifffile.TiffWriter(tmp_path / "album.tif") as file:
            for level in levels:
                file.write(np.full((90, 80, 3), level, np.uint8), photometric="rgb", compression="zlib")
        return tmp_path / "album.tif"

    return write


def test_a_face_that_is_left_is_named_with_its_page(album, tmp_path):
    outcome = restore_file(album(250, 20), tmp_path / "result.tif", restore, overwrite=False)
    assert (outcome.faces, outcome.pages) == (1, 2)
    assert len(outcome.skipped) == 1
    assert outcome.skipped[0].startswith("page 2 at 7, 9: ")


def test_an_album_in_which_no_face_can_be_restored_says_why(album, tmp_path):
    with pytest.raises(NoFace, match=r"no face found that can be restored \(page 1 at 7, 9: .*; page 2 at 7, 9: "):
        restore_file(album(10, 20), tmp_path / "result.tif", restore, overwrite=False)
    assert not (tmp_path / "result.tif").exists()


def test_pages_without_faces_are_written_where_a_model_enlarges_them(album, tmp_path):
    outcome = restore_file(album(10, 20), tmp_path / "result.tif", enlarged_by_a_model, overwrite=False)
    assert (outcome.faces, outcome.pages) == (0, 2)
    with tifffile.TiffFile(tmp_path / "result.tif") as result:
        assert [page.shape for page in result.pages] == [(180, 160, 3)] * 2
        assert [page.asarray().mean() for page in result.pages] == [10, 20]


def test_pages_without_faces_grow_with_the_others(album, tmp_path):
    twice = PhotoRestorer(find, Unchanged(), upscale=2)
    restore_file(album(250, 20), tmp_path / "result.tif", twice, overwrite=False)
    with tifffile.TiffFile(tmp_path / "result.tif") as result:
        assert [page.shape for page in result.pages] == [(180, 160, 3)] * 2


def test_a_saved_face_that_is_in_the_way_is_said_of_a_photo_that_is_written(album, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "result.tif-0-crop.png").touch()
    with pytest.raises(
        UnwritableOutput, match=r"result\.tif is restored, but a face is not saved: cannot write .*crop"
    ):
        restore_file(album(250), tmp_path / "result.tif", restore, overwrite=False, save_faces=True)
    assert (tmp_path / "result.tif").exists()


def test_an_outcome_is_told_in_one_line_and_its_notes():
    outcome = Outcome(2, {"find": 0.251, "paste": 1.0}, ("at 1, 2: too small",), ("BMP holds no XMP",), pages=3)
    assert describe(outcome) == (
        "2 faces on 3 pages (find 0.25 s, paste 1.00 s); 1 face left as found: at 1, 2: too small\n"
        "  note: BMP holds no XMP"
    )
