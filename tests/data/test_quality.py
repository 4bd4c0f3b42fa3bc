import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import ImageFilter

from retrato.data.quality import Demands, share_outside, sharpness_of, turn_of
from retrato.faces.alignment import FFHQ_LANDMARKS, cut_out, template
from retrato.faces.face import FaceCrop


@pytest.fixture
def head(astronaut):
    return PIL.Image.fromarray(astronaut[0:256, 96:352])


def upright(image, scale=1.0):
    return FaceCrop(np.asarray(image), np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]]))


def test_sharpness_does_not_hang_on_contrast(head):
    dull = np.asarray(head) // 2
    assert sharpness_of(upright(dull)) == pytest.approx(sharpness_of(upright(head)), rel=0.05)


def test_noise_does_not_make_a_blurred_face_sharp(head):
    blurred = np.asarray(head.filter(ImageFilter.GaussianBlur(2))).astype(float)
    noise = np.random.default_rng(0).normal(0, 6, blurred.shape)
    noisy = (blurred + noise).clip(0, 255).astype(np.uint8)
    assert sharpness_of(upright(noisy)) < Demands().least_sharpness < sharpness_of(upright(head))


def test_a_flat_picture_is_not_sharp():
    assert sharpness_of(upright(np.full((64, 64, 3), 90, np.uint8))) == 0


def test_an_enlarged_face_is_as_sharp_as_its_own_pixels(head):
    small = np.asarray(head.resize((128, 128), PIL.Image.Resampling.BOX))
    large = cv2.resize(small, (512, 512), interpolation=cv2.INTER_CUBIC)
    assert sharpness_of(upright(large, scale=0.25)) == pytest.approx(sharpness_of(upright(small)), rel=0.25)
    assert sharpness_of(upright(large)) < 0.5 * sharpness_of(upright(small))


def test_a_face_as_in_the_template_is_not_turned():
    assert turn_of(FFHQ_LANDMARKS) < 0.02


def test_a_nose_below_an_eye_is_a_head_turned_away():
    turned = FFHQ_LANDMARKS.copy()
    turned[2, 0] = turned[0, 0]
    assert turn_of(turned) == pytest.approx(0.5, abs=0.02)


def test_a_tilted_head_is_not_turned_away():
    angle = np.deg2rad(50)
    tilt = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert turn_of(FFHQ_LANDMARKS @ tilt) == pytest.approx(turn_of(FFHQ_LANDMARKS))


@pytest.mark.parametrize(("shift", "expected"), [((0, 0), 0), ((-16, 0), 0.25), ((16, -32), 1 - 0.75 * 0.5)])
def test_the_share_outside_the_photo_is_what_the_border_cuts_off(shift, expected):
    image = np.zeros((64, 64, 3), np.uint8)
    crop = cut_out(image, template(64) + shift, 64)
    assert share_outside(image, crop) == pytest.approx(expected, abs=0.001)
