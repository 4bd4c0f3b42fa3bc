import io

import numpy as np
import PIL.Image
import pytest
import tifffile
import torch
from PIL.ExifTags import Base

from retrato.errors import NotEnoughMemory, UnusableFace
from retrato.faces.choice import FaceChoice, Which
from retrato.faces.face import Box, Face
from retrato.faces.paste import PlacedFace
from retrato.faces.published import PublishedPlacement
from retrato.faces.strength import Strength
from retrato.images.decoding import decode_photo
from retrato.images.encoding import encode_photo
from retrato.images.photo import Photo
from retrato.images.resizing import enlarge_photo
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


class Halved(Unchanged):
    """Dark on the left, bright on the right."""

    def __call__(self, faces):
        self.batches.append(len(faces))
        left = torch.linspace(-1, 1, self.size) < 0
        return torch.where(left, -0.5, 0.5).expand_as(faces).clone()


class Brighter(Unchanged):
    def __call__(self, faces):
        return faces + 0.2


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
    image = PhotoRestorer(lambda _: [face], Halved())(photo).image.astype(float)
    left_cheek, right_cheek = image[128:140, 204:212].mean(), image[128:140, 240:248].mean()
    assert right_cheek - left_cheek == pytest.approx(127.5, abs=12)


def test_a_restored_face_keeps_the_colour_of_the_photo(photo, face):
    image = PhotoRestorer(lambda _: [face], Brighter())(photo).image
    cheeks = slice(120, 145), slice(204, 248)
    assert abs(image[cheeks].mean() - photo.image[cheeks].mean()) < 2


def test_a_strength_of_nothing_leaves_the_photo(photo, face):
    restore = PhotoRestorer(lambda _: [face], Halved(), strength=Strength.everywhere(0.0))
    assert np.array_equal(restore(photo).image, photo.image)


def test_half_the_strength_is_half_the_change(photo, face):
    whole, half = (
        PhotoRestorer(lambda _: [face], Halved(), strength=Strength.everywhere(part))(photo).image.astype(float)
        for part in (1.0, 0.5)
    )
    is_cut_off = (whole == 0) | (whole == 255)
    assert np.abs(half - (photo.image + whole) / 2)[~is_cut_off].max() <= 1


def test_a_face_that_cannot_be_restored_is_left_with_the_reason(photo, face):
    small = face_at(400.0, 300.0, eye_distance=4.0)
    result = PhotoRestorer(lambda _: [face, small], Halved())(photo)
    assert [each.face for each in result.faces] == [face]
    assert [(each.face, "too small" in each.reason) for each in result.skipped] == [(small, True)]
    assert np.array_equal(result.image[290:320, 390:420], photo.image[290:320, 390:420])


def test_the_result_says_of_each_face_where_it_was_what_it_was_and_what_became_of_it(photo, face):
    (found,) = PhotoRestorer(lambda _: [face], Inverted())(photo).faces
    assert found.face is face
    assert found.crop.image.shape == found.restored.shape == (64, 64, 3)
    assert largest_difference(255 - found.restored, found.crop.image) <= 1
    assert found.seconds > 0


def test_the_result_says_how_long_each_step_took(photo, face):
    seconds = PhotoRestorer(lambda _: [face], Unchanged())(photo).seconds
    assert list(seconds) == ["find", "cut", "restore", "enlarge", "paste"]


def test_the_faces_of_several_photos_are_restored_together(photo, face):
    several = [photo, Photo(photo.image[:, ::-1].copy()), photo]
    find = {0: [face, face_at(300.0, 300.0)], 1: [], 2: [face]}
    found = iter(find.values())
    restore = PhotoRestorer(lambda _: next(found), Halved())
    results = list(restore.each(several))
    assert restore.restore_faces.batches == [3]
    assert [len(each.faces) for each in results] == [2, 0, 1]
    assert np.array_equal(results[1].image, several[1].image)


def test_each_photo_is_what_it_is_by_itself(photo, face):
    restore = PhotoRestorer(lambda _: [face], Halved())
    assert all(np.array_equal(each.image, restore(photo).image) for each in restore.each([photo, photo]))


def test_photos_do_not_wait_for_many_faces(photo, face, monkeypatch):
    monkeypatch.setattr("retrato.restoration.photo.FACES_AT_ONCE", 2)
    taken = []
    results = PhotoRestorer(lambda _: [face], Halved()).each(taken.append(each) or photo for each in range(5))
    next(results)
    assert taken == [0, 1]
    assert len(list(results)) == 4


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
    restored = PhotoRestorer(lambda _: [face, small], Unchanged(), choice=FaceChoice((Which.LARGEST,)))(photo)
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


def deep_photo(image):
    """A photo of 16 bits, whose lower bytes are noise."""
    values = image.astype(np.uint16) * 256 + np.random.default_rng(0).integers(0, 256, image.shape, np.uint16)
    return read_tiff(values)


def read_tiff(values):
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb")
    return decode_photo(file)


def written_values(photo):
    """The pixels of a photo's TIFF as another library reads them."""
    return tifffile.imread(io.BytesIO(encode_photo(photo, "TIFF")))


@pytest.mark.parametrize("placement", [None, PublishedPlacement()])
def test_sixteen_bits_outside_the_face_are_written_as_they_were_read(astronaut, face, placement):
    photo = deep_photo(astronaut)
    restored = PhotoRestorer(lambda _: [face], Halved(), placement=placement)(photo)
    changed = (written_values(restored.photo) != photo.stored.values).any(-1)
    assert np.array_equal(changed, (restored.image != photo.image).any(-1))
    assert 0 < changed.mean() < 0.2


def test_sixteen_bits_are_enlarged_as_sixteen_bits(astronaut):
    photo = deep_photo(astronaut[:40, :50])
    restored = PhotoRestorer(lambda _: [], Unchanged(), upscale=2)(photo)
    expected = [
        PIL.Image.fromarray(channel.astype(np.float32)).resize((100, 80), PIL.Image.Resampling.LANCZOS)
        for channel in np.moveaxis(photo.stored.values, -1, 0)
    ]
    assert np.array_equal(written_values(restored.photo), np.dstack(expected).clip(0, 65535).round())


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
    restored = PhotoRestorer(lambda _: [nowhere, face], Unchanged(), choice=FaceChoice((Which.LARGEST,)))(photo)
    assert [each.face for each in restored.faces] == [face]


def test_a_photo_of_one_pixel_has_no_face():
    restored = PhotoRestorer(lambda _: [], Unchanged())(Photo(np.zeros((1, 1, 3), np.uint8)))
    assert restored.image.shape == (1, 1, 3)


class Coloured(Unchanged):
    def __call__(self, faces):
        return faces * torch.tensor([1.0, 0.5, 0.2])[:, None, None]


@pytest.mark.parametrize(("placement", "is_grey"), [(None, True), (PublishedPlacement(), False)])
def test_a_grey_face_stays_grey_unless_the_pipeline_is_the_published_one(photo, face, placement, is_grey):
    grey = Photo(np.repeat(photo.image[..., :1], 3, axis=2))
    image = PhotoRestorer(lambda _: [face], Coloured(), placement=placement)(grey).image.astype(int)
    assert bool((image.max(2) - image.min(2)).max() <= 1) is is_grey


def test_another_placement_cuts_out_and_pastes(photo, face):
    placement = PublishedPlacement()
    restored = PhotoRestorer(lambda _: [face], Inverted(128), upscale=2, placement=placement)(photo)
    crop = placement.cut_out(photo.image, face, 128)
    assert np.array_equal(restored.faces[0].crop.image, crop.image)
    expected = placement.paste_back(enlarge_photo(photo, 2).image, [PlacedFace(crop, restored.faces[0].restored)], 2)
    assert np.array_equal(restored.image, expected)


@pytest.mark.parametrize("size", [64, 100])
def test_the_published_pipeline_replaces_an_aligned_face_to_its_edges(astronaut, size):
    crop = np.asarray(PIL.Image.fromarray(astronaut[20:220, 130:330]).resize((size, size)))
    restored = PhotoRestorer(lambda _: [], Inverted(), placement=PublishedPlacement()).restore_aligned(Photo(crop))
    assert np.abs(restored.image - (255.0 - crop)).mean() < 6


def test_the_bundled_model_restores_the_astronaut(photo):
    torch.manual_seed(0)
    restorer = PhotoRestorer.from_weights("bundled")
    restored = restorer(photo)
    assert len(restored.faces) == 1
    again = restorer(photo)
    assert np.array_equal(restored.image, again.image)


class Repeated:
    """An upscaler that repeats pixels and says that it guesses."""

    name = "repeated"
    guesses = True

    def __call__(self, image, factor):
        return image.repeat(factor, 0).repeat(factor, 1)


class Darker(Repeated):
    def __call__(self, image, factor):
        return super().__call__(image, factor) // 2


def detail(faces):
    """Knows faces by their detail, of which nothing is left at eight pixels."""
    return torch.cat([faces.diff(dim=3).flatten(1), torch.full((len(faces), 1), 0.01)], 1)


def mark_of(photo):
    exif = PIL.Image.Exif()
    exif.load(photo.exif)
    return exif[Base.ProcessingSoftware].partition(": ")[2]


@pytest.mark.parametrize(("restorer", "guessed"), [(Unchanged, ""), (Inverted, ", 1 of them largely guessed")])
def test_the_mark_says_how_many_faces_are_largely_guessed(photo, face, restorer, guessed):
    restored = PhotoRestorer(lambda _: [face], restorer(), embed=detail)(photo)
    assert restored.faces[0].is_largely_guessed is bool(guessed)
    assert mark_of(restored.photo) == f"faces restored by a model (nothing){guessed}"


def test_where_nobody_is_asked_how_far_to_trust_faces_nobody_says(photo, face):
    restored = PhotoRestorer(lambda _: [face], Inverted())(photo).faces[0]
    assert restored.trust is None
    assert not restored.is_largely_guessed


def test_the_background_is_enlarged_by_what_is_asked_for(photo):
    restored = PhotoRestorer(lambda _: [], Unchanged(), upscale=2, upscale_background=Repeated())(photo)
    assert np.array_equal(restored.image, photo.image.repeat(2, 0).repeat(2, 1))


def test_what_a_model_draws_around_the_face_is_written_in_sixteen_bits(astronaut):
    restorer = PhotoRestorer(lambda _: [], Unchanged(), upscale=2, upscale_background=Repeated())
    values = written_values(restorer(deep_photo(astronaut[:40, :50])).photo)
    assert values.dtype == np.uint16
    assert np.abs((values >> 8).astype(int) - astronaut[:40, :50].repeat(2, 0).repeat(2, 1)).max() <= 1


def test_transparency_is_resampled_whatever_enlarges_the_pixels(astronaut):
    alpha = np.tile(np.arange(512, dtype=np.uint16) // 2, (512, 1)).astype(np.uint8)
    restorer = PhotoRestorer(lambda _: [], Unchanged(), upscale=2, upscale_background=Repeated())
    expected = PIL.Image.fromarray(alpha).resize((1024, 1024), PIL.Image.Resampling.LANCZOS)
    assert np.array_equal(restorer(Photo(astronaut, alpha=alpha)).photo.alpha, np.asarray(expected))


def test_a_restored_face_covers_what_the_model_drew_there(photo, face):
    restorer = PhotoRestorer(lambda _: [face], Inverted(), upscale=2, upscale_background=Darker())
    nose = slice(120, 140), slice(216, 236)
    large_nose = slice(240, 280), slice(432, 472)
    drawn = 255 - photo.image[nose].mean() / 2  # the crop is inverted as the restorer saw it, which is not darker
    restored = restorer(photo).image[large_nose].mean()
    assert restored == pytest.approx(255 - photo.image[nose].mean(), abs=8)
    assert abs(restored - drawn) > 20


def test_the_mark_names_the_model_that_enlarged_the_background(photo, face):
    restored = PhotoRestorer(lambda _: [face], Unchanged(), upscale=2, upscale_background=Repeated())(photo)
    assert mark_of(restored.photo) == "faces restored by a model (nothing), background enlarged by a model (repeated)"
    assert restored.enlarged_by == "repeated"


def test_a_photo_without_faces_that_a_model_enlarged_is_marked(photo):
    restored = PhotoRestorer(lambda _: [], Unchanged(), upscale=2, upscale_background=Repeated())(photo)
    assert mark_of(restored.photo) == "background enlarged by a model (repeated)"


def test_lanczos_is_no_model(photo, face):
    restored = PhotoRestorer(lambda _: [face], Unchanged(), upscale=2)(photo)
    assert mark_of(restored.photo) == "faces restored by a model (nothing)"
    assert restored.enlarged_by is None


def test_a_model_for_the_background_needs_something_to_enlarge():
    with pytest.raises(ValueError, match="choose an upscale of 2 or more"):
        PhotoRestorer(lambda _: [], Unchanged(), upscale_background=Repeated())
