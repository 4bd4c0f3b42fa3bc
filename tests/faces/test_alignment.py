import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from retrato.errors import UnusableFace
from retrato.faces.alignment import FFHQ_LANDMARKS, cut_out, mapped, photo_to_crop, scale_of, template

REFERENCE = Path(__file__).parents[1] / "reference"
PUBLISHED = json.loads((REFERENCE / "alignment.json").read_text())
FACES = [np.array(landmarks) for landmarks in PUBLISHED["landmarks"]]


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def placed(size: float, angle: float = 0.0, centre: tuple[float, float] = (256, 256)) -> np.ndarray:
    """Landmarks of a face that a crop of `size` photo pixels would hold, turned by `angle` degrees."""
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (FFHQ_LANDMARKS - 255.5) * size / 512 @ rotation.T + centre


@pytest.mark.parametrize("index", [0, 1])
def test_maps_equal_the_published_ones(index):
    ours = photo_to_crop(FACES[index], 512)
    assert np.abs(ours - np.array(PUBLISHED["photo_to_crop"][index])).max() < 1e-6


@pytest.mark.parametrize("index", [0, 1])
def test_crops_equal_the_published_ones_but_for_the_interpolation(index, astronaut):
    published = cv2.imread(str(REFERENCE / f"aligned_{index}.png"))[..., ::-1]
    crop = cv2.resize(cut_out(astronaut, FACES[index], 512).image, (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(crop.astype(float) - published).mean() < 1.5


def test_the_template_of_512_px_is_the_published_one():
    assert np.array_equal(template(512), FFHQ_LANDMARKS)


def test_a_pixel_of_a_small_crop_covers_four_of_the_large_one():
    assert np.allclose(template(256), (FFHQ_LANDMARKS + 0.5) / 2 - 0.5)


@pytest.mark.parametrize("angle", [0, 30, 90, 180, -120])
def test_a_tilted_face_is_set_upright(angle):
    landmarks = placed(300, angle)
    assert np.abs(mapped(landmarks, photo_to_crop(landmarks, 256)) - template(256)).max() < 1e-4


def test_one_wrong_landmark_does_not_tilt_the_face():
    landmarks = placed(300)
    wrong = landmarks.copy()
    wrong[3] += (60, 40)
    assert np.allclose(photo_to_crop(wrong, 512), photo_to_crop(landmarks, 512), atol=1e-4)


@pytest.mark.parametrize(
    "landmarks",
    [
        np.full((5, 2), 40.0),
        np.full((5, 2), np.nan),
        placed(300)[[1, 0, 2, 4, 3]],
        placed(300)[:, ::-1] * (1, -3),
    ],
    ids=["in one place", "not numbers", "mirrored", "stretched"],
)
def test_landmarks_that_make_no_face_are_refused(landmarks):
    with pytest.raises(UnusableFace):
        photo_to_crop(landmarks, 512)


def test_a_face_beyond_the_photo_is_refused(astronaut):
    with pytest.raises(UnusableFace, match="outside"):
        cut_out(astronaut, placed(100, centre=(-400, 200)), 64)


def test_a_small_crop_is_the_large_one_averaged(astronaut):
    small, large = (cut_out(astronaut, FACES[0], size).image for size in (64, 512))
    averaged = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(float) - averaged).mean() < 2


def test_shrinking_makes_no_patterns_of_grain():
    grain = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    crop = cut_out(grain, placed(800, 20, (450, 450)), 64).image
    assert crop.std() < 12  # that of single pixels is 74; averages of 12 x 12 of them leave 6


def test_a_ramp_stays_where_it_is_at_every_scale():
    x = np.arange(600) * 255 / 599
    ramp = np.repeat(np.tile(x, (600, 1))[..., None], 3, axis=2).round().astype(np.uint8)
    for size in (40, 64, 150, 400):
        crop = cut_out(ramp, placed(300, centre=(310, 300)), size)
        back = mapped(np.array([[size * 0.3, size * 0.5]]), cv2.invertAffineTransform(crop.photo_to_crop))
        value = crop.image[round(size * 0.5), round(size * 0.3), 0]
        expected = (back[0, 0] + (round(size * 0.3) - size * 0.3) / scale_of(crop.photo_to_crop)) * 255 / 599
        assert abs(value - expected) <= 1.5


def test_a_face_at_the_border_is_mirrored_there_and_not_black(astronaut):
    bright = np.maximum(astronaut, 90)
    crop = cut_out(bright, placed(200, centre=(10, 20)), 128)
    assert crop.image.min() > 60


def test_only_the_face_itself_is_read(astronaut):
    elsewhere = astronaut.copy()
    elsewhere[300:] = 0
    assert np.array_equal(cut_out(elsewhere, FACES[0], 128).image, cut_out(astronaut, FACES[0], 128).image)
