import numpy as np
import PIL.Image
import pytest
import torch
from PIL.ExifTags import Base

from retrato.errors import NotEnoughMemory, UnusableFace
from retrato.faces.face import Box, Face
from retrato.images.photo import Photo
from retrato.restoration.photo import PhotoRestorer


class Unchanged:
    """A restorer that gives back what it gets."""

    name = "nothing"

    def __init__(self, size=64):
        self.size = size
        self.batches = []

    def __call__(self, faces):
        self.batches.append(len(faces))
        return faces


class Inverted(Unchanged):
    def __call__(self, faces):
        return -faces


def face_at(x, y, eye_distance=40.0):
    """An upright face whose left eye is there."""
    shape = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])
    landmarks = np.array([x, y]) + eye_distance * shape
    box = Box(x - eye_distance, y - eye_distance, x + 2 * eye_distance, y + 2 * eye_distance)
    return Face(box, landmarks, 0.99)


@pytest.fixture
def face():
    return face_at(206.0, 109.0)


@pytest.fixture
def photo(astronaut):
    return Photo(astronaut, format="JPEG")


def largest_difference(one, other):
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("size", [64, 256])
def test_pasting_an_unchanged_face_changes_almost_nothing(photo, face, size):
    restored = PhotoRestorer(lambda _: [face], Unchanged(size))(photo)
    assert largest_difference(restored.image, photo.image) <= 2


def test_pixels_far_from_the_face_stay_as_they_are(photo, face):
    image = PhotoRestorer(lambda _: [face], Inverted())(photo).image
    changed = np.argwhere((image != photo.image).any(2))
    (top, left), (bottom, right) = changed.min(0), changed.max(0)
    assert top >= 109 - 100
    assert left >= 206 - 80
    assert bottom <= 109 + 130
    assert right <= 206 + 130


def test_a_restored_face_stands_where_the_face_was(photo, face):
    image = PhotoRestorer(lambda _: [face], Inverted())(photo).image
    nose = slice(120, 140), slice(216, 236)
    np.testing.assert_allclose(image[nose].mean(), 255 - photo.image[nose].mean(), atol=8)


def test_the_result_says_of_each_face_where_it_was_what_it_was_and_what_became_of_it(photo, face):
    (found,) = PhotoRestorer(lambda _: [face], Inverted())(photo).faces
    assert found.face is face
    assert found.crop.image.shape == found.restored.shape == (64, 64, 3)
    assert largest_difference(255 - found.restored, found.crop.image) <= 1
    assert found.seconds > 0


def test_the_result_says_how_long_each_step_took(photo, face):
    seconds = PhotoRestorer(lambda _: [face], Unchanged())(photo).seconds
    assert list(seconds) == ["find", "cut", "restore", "enlarge", "paste"]


@pytest.mark.parametrize("upscale", [2, 4])
def test_photos_are_enlarged(photo, face, upscale):
    restored = PhotoRestorer(lambda _: [face], Unchanged(), upscale=upscale)(photo)
    assert restored.image.shape == (512 * upscale, 512 * upscale, 3)


def test_a_photo_without_faces_comes_back_unmarked(photo):
    restored = PhotoRestorer(lambda _: [], Unchanged())(photo)
    assert restored.faces == []
    assert np.array_equal(restored.image, photo.image)
    assert restored.photo.exif is None


def test_only_the_largest_face_is_restored_if_asked(photo, face):
    small = face_at(350.0, 300.0, 20.0)
    restored = PhotoRestorer(lambda _: [face, small], Unchanged(), only_largest=True)(photo)
    assert [each.face for each in restored.faces] == [face]


def test_many_faces_are_restored_a_few_at_a_time(photo):
    faces = [face_at(60.0 + 20 * index, 200.0) for index in range(19)]
    restorer = Unchanged()
    assert len(PhotoRestorer(lambda _: faces, restorer)(photo).faces) == 19
    assert restorer.batches == [8, 8, 3]


def test_a_face_that_cannot_be_set_upright_stays_as_it_is(photo):
    nowhere = Face(Box(0.0, 0.0, 9.0, 9.0), np.zeros((5, 2)), 0.9)
    restored = PhotoRestorer(lambda _: [nowhere], Inverted())(photo)
    assert np.array_equal(restored.image, photo.image)


def test_a_restored_photo_is_marked(photo, face):
    restored = PhotoRestorer(lambda _: [face], Unchanged())(photo).photo
    exif = PIL.Image.Exif()
    exif.load(restored.exif)
    assert "restored by a model (nothing)" in exif[Base.ProcessingSoftware]


def test_the_mark_leaves_other_metadata_alone(astronaut, face):
    exif = PIL.Image.Exif()
    exif[Base.Artist] = "NASA"
    photo = Photo(astronaut, format="JPEG", exif=exif.tobytes(), xmp=b"<x:xmpmeta/>")
    restored = PhotoRestorer(lambda _: [face], Unchanged())(photo).photo
    exif.load(restored.exif)
    assert exif[Base.Artist] == "NASA"
    assert restored.xmp == b"<x:xmpmeta/>"


@pytest.mark.parametrize(("size", "upscale"), [(64, 1), (128, 1), (48, 2)])
def test_an_aligned_face_is_restored_to_its_edges(astronaut, size, upscale):
    crop = np.asarray(PIL.Image.fromarray(astronaut[20:220, 130:330]).resize((size, size)))
    restored = PhotoRestorer(lambda _: [], Inverted(), upscale=upscale).restore_aligned(Photo(crop))
    assert restored.image.shape == (size * upscale, size * upscale, 3)
    for corner in (slice(0, 4), slice(-4, None)):
        expected = 255 - crop[corner, corner].mean()
        assert restored.image[corner, corner].mean() == pytest.approx(expected, abs=12)


def test_an_aligned_face_that_the_restorer_leaves_alone_does_not_change(astronaut):
    crop = astronaut[20:220, 130:330]
    restored = PhotoRestorer(lambda _: [], Unchanged()).restore_aligned(Photo(crop))
    assert largest_difference(restored.image, crop) <= 2


def test_an_aligned_face_must_be_square(photo):
    with pytest.raises(UnusableFace, match="without --aligned"):
        PhotoRestorer(lambda _: [], Unchanged()).restore_aligned(Photo(photo.image[:100]))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_full_memory_is_said_in_words(photo, error):
    def fail(_):
        raise error

    with pytest.raises(NotEnoughMemory, match="512x512"):
        PhotoRestorer(fail, Unchanged())(photo)


def test_other_failures_are_not_taken_for_full_memory(photo):
    def fail(_):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        PhotoRestorer(fail, Unchanged())(photo)


def test_the_next_face_is_tried_if_the_largest_cannot_be_set_upright(photo, face):
    nowhere = Face(Box(0.0, 0.0, 9.0, 9.0), np.zeros((5, 2)), 0.9)
    restored = PhotoRestorer(lambda _: [nowhere, face], Unchanged(), only_largest=True)(photo)
    assert [each.face for each in restored.faces] == [face]


def test_a_photo_of_one_pixel_has_no_face():
    restored = PhotoRestorer(lambda _: [], Unchanged())(Photo(np.zeros((1, 1, 3), np.uint8)))
    assert restored.image.shape == (1, 1, 3)


def test_the_bundled_model_restores_the_astronaut(photo):
    torch.manual_seed(0)
    restorer = PhotoRestorer.from_weights("bundled")
    restored = restorer(photo)
    assert len(restored.faces) == 1
    again = restorer(photo)
    assert np.array_equal(restored.image, again.image)
