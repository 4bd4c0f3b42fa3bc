import cv2
import numpy as np
import pytest
import torch

from retrato.errors import UnusableFace
from retrato.faces.choice import FaceChoice, SharpFaces
from retrato.faces.face import Box, Face
from retrato.faces.mtcnn import MTCNNDetector
from retrato.faces.placement import SeamlessPlacement
from retrato.images.photo import Photo
from retrato.restoration.cutting import FaceCutter
from retrato.restoration.person import Person

SHAPE = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])


def face_at(x, y, eyes):
    box = Box(x - eyes, y - eyes, x + 2 * eyes, y + 2 * eyes)
    return Face(box, np.array([x, y]) + eyes * SHAPE, 0.99)


BRIGHT, DARK = face_at(90.0, 90.0, 40.0), face_at(290.0, 100.0, 30.0)
TINY = face_at(200.0, 200.0, 2.0)


@pytest.fixture
def image():
    """A bright face at the left, a dark one at the right."""
    picture = np.full((300, 400, 3), 230, np.uint8)
    picture[:, 200:] = 60
    return picture


def embed(faces):
    """Brightness is who one is."""
    level = faces.mean((1, 2, 3))
    return torch.stack([level.cos(), level.sin()], 1)


def cutter(**options):
    return FaceCutter(SeamlessPlacement(), **options)


def test_every_face_keeps_its_number(image):
    cut, skipped = cutter()(image, [BRIGHT, DARK, TINY], 64)
    assert [each.number for each in cut] == [1, 2]
    assert [(each.number, each.reason.split(":")[0]) for each in skipped] == [(3, "too small")]


def test_those_that_are_not_chosen_are_named(image):
    cut, skipped = cutter(choice=FaceChoice((2,)))(image, [BRIGHT, DARK, TINY], 64)
    assert [each.number for each in cut] == [2]
    assert [each.reason for each in skipped] == ["not chosen", "not chosen"]


def test_of_a_photo_the_face_most_like_the_person_is_restored(image):
    person = Person(embed, np.full((64, 64, 3), 50, np.uint8))
    cut, skipped = cutter(person=person)(image, [BRIGHT, DARK], 64)
    assert [each.number for each in cut] == [2]
    assert skipped[0].reason.startswith("not the person (likeness 0.")


def test_nobody_is_restored_where_the_person_is_not(image):
    person = Person(lambda faces: embed(2.5 * faces), np.full((64, 64, 3), 255, np.uint8))
    cut, skipped = cutter(person=person)(image, [DARK], 64)
    assert cut == []
    assert "0.40 is needed" in skipped[0].reason


def test_a_photo_without_a_face_is_no_photo_of_a_person(image):
    with pytest.raises(UnusableFace, match="no face in the photo of the person"):
        Person.from_photo(Photo(image), lambda _: [])
    with pytest.raises(UnusableFace, match="cannot be used: too small"):
        Person.from_photo(Photo(image), lambda _: [TINY])


def test_a_person_is_recognised_offline_by_the_bundled_embedder(astronaut, monkeypatch, tmp_path):
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    face, _ = astronaut_faces(astronaut)
    person = Person.from_photo(Photo(astronaut), lambda _: [face])
    crop = cutter()(astronaut, [face], 256)[0][0].crop.image
    assert person.likenesses([crop, np.full_like(crop, 128)])[0] > 0.9


@pytest.mark.parametrize(("sharp", "counts"), [(SharpFaces.RESTORE, (2, 0)), (SharpFaces.SKIP, (1, 1))])
def test_sharp_faces_are_skipped_if_asked(astronaut, sharp, counts):
    face, blurred = astronaut_faces(astronaut)
    picture = np.concatenate([astronaut, cv2.GaussianBlur(astronaut, (0, 0), 4)], axis=1)
    cut, skipped = cutter(choice=FaceChoice(sharp=sharp))(picture, [face, blurred], 64)
    assert (len(cut), len(skipped)) == counts
    assert all(each.number == 1 and each.reason.startswith("sharp already (0.") for each in skipped)


def test_of_sharp_faces_less_is_taken(astronaut):
    face, blurred = astronaut_faces(astronaut)
    picture = np.concatenate([cv2.GaussianBlur(astronaut, (0, 0), 0.4), cv2.GaussianBlur(astronaut, (0, 0), 4)], axis=1)
    parts = {
        each.number: each.part
        for each in cutter(choice=FaceChoice(sharp=SharpFaces.LESS))(picture, [face, blurred], 64)[0]
    }
    assert parts[2] == 1
    assert parts.get(1, 0) < 1


def astronaut_faces(astronaut):
    (face,) = MTCNNDetector.bundled()(astronaut)
    shift = np.array([astronaut.shape[1], 0])
    box = face.box
    return face, Face(Box(box.left + 512, box.top, box.right + 512, box.bottom), face.landmarks + shift, 0.9)
