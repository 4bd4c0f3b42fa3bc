import cv2
import numpy as np
import pytest
import skimage.data

from retrato.faces.alignment import FFHQ_LANDMARKS, cut_out, mapped
from retrato.faces.face import FaceCrop
from retrato.faces.paste import PlacedFace, kept_detail, paste_back

ASTRONAUT = skimage.data.astronaut()


def placed(size: float, angle: float = 0.0, centre: tuple[float, float] = (256, 256)) -> np.ndarray:
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (FFHQ_LANDMARKS - 255.5) * size / 512 @ rotation.T + centre


def enlarged(image: np.ndarray, upscale: int) -> np.ndarray:
    return cv2.resize(image, None, fx=upscale, fy=upscale, interpolation=cv2.INTER_LANCZOS4)


def largest_difference(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.abs(first.astype(int) - second).max())


def inside_quad(crop: FaceCrop, canvas: np.ndarray, upscale: int = 1) -> np.ndarray:
    """Which canvas pixels have their centre in the crop, computed pixel by pixel."""
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]]
    photo = (np.stack([x.ravel(), y.ravel()], 1) + 0.5) / upscale - 0.5
    positions = mapped(photo, crop.photo_to_crop)
    return ((positions > -0.5) & (positions < len(crop.image) - 0.5)).all(axis=1).reshape(canvas.shape[:2])


@pytest.mark.parametrize("upscale", [1, 2, 4])
@pytest.mark.parametrize(
    ("crop_size", "face"),
    [
        (256, placed(150)),
        (512, placed(40)),
        (512, placed(200, 25)),
        (256, placed(480, -40)),
        (64, placed(500, 10)),
        (256, placed(180, 60, (15, 30))),
        (256, placed(300, 0, (500, 480))),
    ],
)
def test_pasting_an_unchanged_face_changes_almost_nothing(crop_size, face, upscale):
    canvas = enlarged(ASTRONAUT, upscale)
    crop = cut_out(ASTRONAUT, face, crop_size)
    assert largest_difference(paste_back(canvas, [PlacedFace(crop, crop.image)], upscale), canvas) <= 2


def test_nothing_is_changed_in_place():
    before = ASTRONAUT.copy()
    crop = cut_out(before, placed(200), 128)
    paste_back(before, [PlacedFace(crop, 255 - crop.image)])
    assert np.array_equal(before, ASTRONAUT)


@pytest.mark.parametrize("upscale", [1, 2])
@pytest.mark.parametrize("size", [30, 200])
def test_pixels_outside_the_crop_stay_to_the_bit(upscale, size):
    canvas = enlarged(ASTRONAUT, upscale)
    crop = cut_out(ASTRONAUT, placed(size, 33), 256)
    pasted = paste_back(canvas, [PlacedFace(crop, 255 - crop.image)], upscale)
    outside = ~inside_quad(crop, canvas, upscale)
    assert np.array_equal(pasted[outside], canvas[outside])
    assert not np.array_equal(pasted, canvas)


@pytest.mark.parametrize("upscale", [1, 2, 4])
def test_a_changed_face_shows_in_its_place(upscale):
    canvas = enlarged(ASTRONAUT, upscale)
    crop = cut_out(ASTRONAUT, placed(100, 20, (225, 130)), 256)
    inverted = paste_back(canvas, [PlacedFace(crop, 255 - crop.image)], upscale).astype(float)
    middle = (slice(115 * upscale, 145 * upscale), slice(210 * upscale, 240 * upscale))
    assert np.abs(inverted[middle] - (255 - canvas[middle].astype(float))).mean() < 3


def test_the_border_of_a_changed_face_is_no_step():
    grey = np.full((300, 300, 3), 100, np.uint8)
    crop = cut_out(grey, placed(200, 17, (150, 150)), 256)
    pasted = paste_back(grey, [PlacedFace(crop, crop.image + 100)]).astype(int)
    assert pasted[150, 150, 0] == 200
    steps = max(np.abs(np.diff(pasted, axis=axis)).max() for axis in (0, 1))
    assert steps <= 100 * 1.5 / 20 * np.sqrt(
        2
    )  # a fade over 20 px that is at most 1.5 times as steep as a straight one


def test_a_change_lands_where_it_was_made():
    """A dot in the crop; the published paste-back is half a pixel off when it enlarges."""
    grey = np.full((200, 200, 3), 100, np.uint8)
    crop = cut_out(grey, placed(128, 0, (99.5, 99.5)), 128)
    dotted = crop.image.copy()
    dotted[60:68, 40:48] = 200
    for upscale in (1, 2, 4):
        pasted = paste_back(enlarged(grey, upscale), [PlacedFace(crop, dotted)], upscale)[..., 0].astype(float) - 100
        y, x = np.mgrid[: 200 * upscale, : 200 * upscale]
        found = (np.array([(x * pasted).sum(), (y * pasted).sum()]) / pasted.sum() + 0.5) / upscale - 0.5
        assert np.abs(mapped(found[None], crop.photo_to_crop) - (43.5, 63.5)).max() < 0.05


def test_what_is_finer_than_the_crop_stays_on_a_sharp_face():
    crop = cut_out(ASTRONAUT, placed(480), 64)
    brighter = np.clip(crop.image.astype(int) + 20, 0, 255).astype(np.uint8)
    pasted = paste_back(ASTRONAUT, [PlacedFace(crop, brighter)]).astype(int)
    unclipped = ASTRONAUT[150:350, 150:350].max(axis=2) < 200
    assert np.abs((pasted - ASTRONAUT)[150:350, 150:350][unclipped] - 20).mean() < 3


def test_grain_that_the_restorer_takes_out_goes_from_a_face_larger_than_its_crop():
    grain = np.random.default_rng(0).normal(0, 25, (400, 400, 3))
    photo = np.clip(128 + grain, 0, 255).astype(np.uint8)
    crop = cut_out(photo, placed(360, 0, (200, 200)), 128)
    pasted = paste_back(photo, [PlacedFace(crop, np.full_like(crop.image, 128))])
    assert pasted[120:280, 120:280].std() < 2


def test_an_unchanged_face_keeps_all_its_detail_and_a_smooth_one_none():
    crop = cut_out(ASTRONAUT, placed(200), 128)
    assert kept_detail(PlacedFace(crop, crop.image)) == 1
    assert kept_detail(PlacedFace(crop, np.full_like(crop.image, 90))) == pytest.approx(0, abs=1e-3)


def test_a_mask_says_where_the_change_goes():
    crop = cut_out(ASTRONAUT, placed(200), 128)
    left_half = np.zeros((128, 128))
    left_half[:, :64] = 1
    pasted = paste_back(ASTRONAUT, [PlacedFace(crop, 255 - crop.image, left_half)]).astype(int)
    changed = np.abs(pasted - ASTRONAUT).max(axis=2)
    assert changed[:, :250].max() > 50
    assert changed[:, 260:].max() == 0


def test_where_two_crops_overlap_the_change_is_their_mean_and_not_their_sum():
    grey = np.full((300, 300, 3), 100, np.uint8)
    crops = [cut_out(grey, placed(200, 0, (x, 150)), 128) for x in (130, 170)]
    brighter = [PlacedFace(crop, crop.image + change) for crop, change in zip(crops, (40, 60), strict=True)]
    assert abs(int(paste_back(grey, brighter)[150, 150, 0]) - 150) <= 1


def test_a_face_that_fills_a_large_photo_is_pasted_whole():
    grey = np.full((1300, 1100, 3), 100, np.uint8)
    crop = cut_out(grey, placed(1000, 5, (550, 650)), 128)
    pasted = paste_back(grey, [PlacedFace(crop, crop.image + 50)])
    assert (pasted[300:1000, 250:850] == 150).all()


def test_a_restored_face_of_another_size_is_refused():
    crop = cut_out(ASTRONAUT, placed(200), 64)
    with pytest.raises(ValueError, match="one size"):
        PlacedFace(crop, np.zeros((128, 128, 3), np.uint8))
