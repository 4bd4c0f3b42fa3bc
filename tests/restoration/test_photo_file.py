import numpy as np
import pytest
import tifffile

from retrato.errors import UnwritableOutput
from retrato.faces.face import Box, Face
from retrato.images.resizing import enlarge_photo
from retrato.restoration.photo import PhotoRestorer, RestoredPhoto
from retrato.restoration.photo_file import Writing, restore_file, why_left
from retrato.restoration.report import Outcome

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
    report = restore_file(album(250, 20), tmp_path / "result.tif", restore)
    assert (report.outcome, len(report.restored), report.pages) == (Outcome.RESTORED, 1, 2)
    (where,) = why_left(report.left, several=True)
    assert where.startswith("page 2 at 7, 9: ")


def test_an_album_in_which_no_face_can_be_restored_says_why(album, tmp_path):
    report = restore_file(album(10, 20), tmp_path / "result.tif", restore)
    assert report.outcome is Outcome.NO_FACE
    assert "no face found that can be restored (page 1 at 7, 9: " in report.reason
    assert "; page 2 at 7, 9: " in report.reason
    assert not (tmp_path / "result.tif").exists()


def test_pages_without_faces_are_written_where_a_model_enlarges_them(album, tmp_path):
    report = restore_file(album(10, 20), tmp_path / "result.tif", enlarged_by_a_model)
    assert (report.outcome, report.faces, report.pages) == (Outcome.RESTORED, (), 2)
    with tifffile.TiffFile(tmp_path / "result.tif") as result:
        assert [page.shape for page in result.pages] == [(180, 160, 3)] * 2
        assert [page.asarray().mean() for page in result.pages] == [10, 20]


def test_pages_without_faces_grow_with_the_others(album, tmp_path):
    twice = PhotoRestorer(find, Unchanged(), upscale=2)
    restore_file(album(250, 20), tmp_path / "result.tif", twice)
    with tifffile.TiffFile(tmp_path / "result.tif") as result:
        assert [page.shape for page in result.pages] == [(180, 160, 3)] * 2


def test_a_saved_face_that_is_in_the_way_is_said_of_a_photo_that_is_written(album, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "result.tif-0-crop.png").touch()
    with pytest.raises(
        UnwritableOutput, match=r"result\.tif is restored, but a face is not saved: cannot write .*crop"
    ):
        restore_file(album(250), tmp_path / "result.tif", restore, Writing(save_faces=True))
    assert (tmp_path / "result.tif").exists()
