import numpy as np
import pytest
import torch

from retrato.classroom.drawn_faces import draw_portrait, drawn_faces, paint, write_drawn_faces
from retrato.data import find_stored_images
from retrato.faces.alignment import FFHQ_LANDMARKS
from retrato.images.files import read_image


def test_the_first_faces_are_the_same_however_many_are_drawn():
    few, many = drawn_faces(2, 32, seed=4), drawn_faces(5, 32, seed=4)
    assert all(np.array_equal(one, other) for one, other in zip(few, many, strict=False))


def test_seeds_and_faces_differ(rng):
    first, second = drawn_faces(2, 32)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, drawn_faces(1, 32, seed=1)[0])


def test_a_portrait_can_be_painted_at_any_size(rng):
    portrait = draw_portrait(rng)
    large, small = paint(portrait, 128), paint(portrait, 32)
    assert (large.shape, small.shape) == ((128, 128, 3), (32, 32, 3))
    shrunk = large.reshape(32, 4, 32, 4, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 6


def test_eyes_are_where_the_template_has_them():
    faces = np.stack(drawn_faces(40, 128)).astype(float).mean(3)
    for x, y in FFHQ_LANDMARKS[:2] / 4:
        column, row = round(x), round(y)
        assert np.median(faces[:, row, column]) < 60  # a pupil, in whatever skin
        assert np.median(faces[:, row, column - 5]) > np.median(faces[:, row, column]) + 40


def test_all_tones_of_skin_are_drawn_about_equally_often():
    cheeks = np.stack(drawn_faces(240, 32))[:, 19, 12].astype(float).mean(1)
    darkest, lightest = np.mean(cheeks < 90), np.mean(cheeks > 200)
    assert darkest == pytest.approx(1 / 3, abs=0.17)
    assert lightest > 0.1


def test_the_detector_takes_most_of_them_for_faces():
    from retrato.faces.mtcnn import MTCNNDetector

    found = [MTCNNDetector.bundled()(face) for face in drawn_faces(6, 256)]
    assert sum(bool(each) for each in found) >= 4


def test_they_are_written_to_be_trained_on(tmp_path):
    folder = write_drawn_faces(tmp_path / "faces", 3, 32)
    stored = find_stored_images([folder])
    assert [each.name for each in stored] == ["0000.png", "0001.png", "0002.png"]
    assert np.array_equal(read_image(folder / "0002.png").image, drawn_faces(3, 32)[2])


def test_chance_is_that_of_the_generator_alone():
    torch.manual_seed(0)
    one = draw_portrait(torch.Generator().manual_seed(7))
    torch.manual_seed(1)
    assert draw_portrait(torch.Generator().manual_seed(7)) == one
