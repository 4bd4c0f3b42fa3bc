"""Against crops and pasted photos that facexlib made, and against what is known about any way of pasting."""

import json

import cv2
import numpy as np
import pytest
import torch

from doubles import REFERENCE
from retrato.errors import UnusableFace
from retrato.faces.alignment import scaling
from retrato.faces.face import Box, Face, FaceCrop
from retrato.faces.paste import PlacedFace
from retrato.faces.published import PublishedPlacement, parsed_mask
from retrato.networks.parsenet import Region

PUBLISHED = json.loads((REFERENCE / "alignment.json").read_text())
LANDMARKS = [np.array(landmarks) for landmarks in PUBLISHED["landmarks"]]
IN_SMALL_PHOTO = [LANDMARKS[0] - (130, 20), LANDMARKS[1] - (160, 60)]
"""Two faces that overlap, one of them beyond the border of `small_photo`; the reference was made with them."""

Y, X = np.mgrid[:512, :512]
PARSED = np.zeros((512, 512), np.int64)
PARSED[(X - 256) ** 2 / 150**2 + (Y - 270) ** 2 / 200**2 < 1] = Region.SKIN
PARSED[Y < 90] = Region.HAT
PARSED[Y > 440] = Region.NECK
PARSED[(Y > 300) & (X > 430)] = Region.HAIR
"""The regions with which the reference was made."""


def always(regions):
    """A parser that sees the same in every face."""
    return lambda faces: torch.from_numpy(regions)[None].expand(len(faces), -1, -1)


def face(landmarks):
    return Face(Box(0.0, 0.0, 1.0, 1.0), landmarks, 1.0)


@pytest.fixture
def small_photo(astronaut):
    return np.ascontiguousarray(astronaut[20:200, 130:330])


def enlarged(image, upscale):
    height, width = image.shape[:2]
    return cv2.resize(image, (upscale * width, upscale * height), interpolation=cv2.INTER_LANCZOS4)


def pasted_inverted(placement, photo, landmarks=IN_SMALL_PHOTO, upscale=2, size=512):
    crops = [placement.cut_out(photo, face(each), size) for each in landmarks]
    return placement.paste_back(
        enlarged(photo, upscale), [PlacedFace(crop, 255 - crop.image) for crop in crops], upscale
    )


def picture(name):
    return cv2.imread(str(REFERENCE / name))[..., ::-1].astype(int)


@pytest.mark.parametrize("index", [0, 1])
def test_crops_are_the_published_ones(index, astronaut):
    crop = PublishedPlacement().cut_out(astronaut, face(LANDMARKS[index]), 512)
    small = cv2.resize(crop.image, (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(small - picture(f"aligned_{index}.png")).mean() < 0.5
    np.testing.assert_allclose(crop.photo_to_crop, PUBLISHED["photo_to_crop"][index], atol=1e-6)


@pytest.mark.parametrize(("name", "parser"), [("square", None), ("parsed", always(PARSED))])
def test_inverted_faces_are_pasted_as_published(name, parser, small_photo):
    """OpenCV before 5 rounds places to a 32nd of a pixel, which is seen where an inverted face ends."""
    difference = np.abs(pasted_inverted(PublishedPlacement(parser), small_photo) - picture(f"pasted_{name}.png"))
    assert difference.mean() < 0.3
    assert difference.max() <= 16


def test_beyond_the_photo_a_crop_has_the_published_grey(astronaut):
    crop = PublishedPlacement().cut_out(astronaut, face(LANDMARKS[0] - (200, 0)), 128)
    assert crop.image[60, 5].tolist() == [132, 133, 135]


def test_a_smaller_crop_has_the_template_times_its_size(astronaut):
    placement = PublishedPlacement()
    small, large = (placement.cut_out(astronaut, face(LANDMARKS[0]), size).photo_to_crop for size in (128, 512))
    np.testing.assert_allclose(small, large / 4, atol=1e-6)


def test_a_face_in_profile_is_cut_out_too(astronaut):
    profile = LANDMARKS[0] * (0.2, 1) + (180, 0)
    assert PublishedPlacement().cut_out(astronaut, face(profile), 128).image.std() > 10


def test_landmarks_in_one_place_are_refused(astronaut):
    with pytest.raises(UnusableFace):
        PublishedPlacement().cut_out(astronaut, face(np.full((5, 2), 40.0)), 512)


@pytest.mark.parametrize("parser", [None, always(PARSED)], ids=["square", "parsed"])
def test_nothing_is_changed_in_place_nor_far_from_the_faces(astronaut, parser):
    before = astronaut.copy()
    pasted = pasted_inverted(PublishedPlacement(parser), astronaut, LANDMARKS[:1], upscale=1)
    assert np.array_equal(before, astronaut)
    assert np.array_equal(pasted[300:], astronaut[300:])
    assert not np.array_equal(pasted, astronaut)


def test_what_is_no_face_stays_the_photos(astronaut):
    nothing = always(np.full((512, 512), Region.CLOTHES))
    pasted = pasted_inverted(PublishedPlacement(nothing), astronaut, LANDMARKS)
    assert np.array_equal(pasted, enlarged(astronaut, 2))


def test_a_parsed_mask_keeps_away_from_the_crops_border():
    mask = parsed_mask(np.full((512, 512), Region.SKIN))
    assert mask[:10].max() == mask[:, -10:].max() == 0
    np.testing.assert_allclose(mask[10:-10, 10:-10], 1)


def test_the_edge_of_a_parsed_mask_is_a_gaussian_of_twice_the_variance():
    regions = np.where(X < 256, Region.SKIN, Region.NECK)
    profile = parsed_mask(regions)[256]
    slopes = -np.diff(profile[20:-20])
    places = np.arange(len(slopes)) + 20.5
    assert (slopes * places).sum() / slopes.sum() == pytest.approx(255.5, abs=0.1)
    deviation = np.sqrt((slopes * (places - 255.5) ** 2).sum() / slopes.sum())
    assert deviation == pytest.approx(11 * np.sqrt(2), rel=0.01)


@pytest.mark.parametrize("size", [128, 512, 1024])
def test_a_mask_is_as_large_as_the_crop(size):
    regions = cv2.resize(PARSED.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int64)
    mask = parsed_mask(regions)
    assert mask.shape == (size, size)
    small = cv2.resize(mask, (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(small - cv2.resize(parsed_mask(PARSED), (128, 128), interpolation=cv2.INTER_AREA)).mean() < 0.01


def test_a_mask_of_the_face_says_how_much_of_it_comes(small_photo):
    placement = PublishedPlacement()
    crop = placement.cut_out(small_photo, face(IN_SMALL_PHOTO[0]), 128)
    none = PlacedFace(crop, 255 - crop.image, np.zeros((128, 128)))
    assert np.array_equal(placement.paste_back(small_photo, [none], 1), small_photo)


def test_a_face_beyond_the_canvas_changes_nothing(small_photo):
    crop = FaceCrop(np.zeros((64, 64, 3), np.uint8), np.array([[1.0, 0, 900], [0, 1.0, 0]]))
    for parser in (None, always(np.full((64, 64), Region.SKIN))):
        pasted = PublishedPlacement(parser).paste_back(small_photo, [PlacedFace(crop, crop.image)], 1)
        assert np.array_equal(pasted, small_photo)


def test_where_faces_overlap_the_later_covers_the_earlier(small_photo):
    placement = PublishedPlacement()
    crop = placement.cut_out(small_photo, face(IN_SMALL_PHOTO[0]), 128)
    black, white = (PlacedFace(crop, np.full_like(crop.image, level)) for level in (0, 255))
    nose = tuple(IN_SMALL_PHOTO[0][2].round().astype(int)[::-1])
    assert placement.paste_back(small_photo, [white, black], 1)[nose].max() <= 1
    assert placement.paste_back(small_photo, [black, white], 1)[nose].min() >= 254


def test_a_face_higher_than_a_band_is_pasted_without_a_line(astronaut):
    tall = cv2.resize(astronaut, (1300, 1300), interpolation=cv2.INTER_CUBIC)
    placement = PublishedPlacement()
    crop = placement.cut_out(tall, face(LANDMARKS[1] * 2.5), 128)
    grey = np.full((1300, 1300, 3), 100, np.uint8)
    pasted = placement.paste_back(grey, [PlacedFace(crop, np.full_like(crop.image, 200))], 1)
    assert np.abs(np.diff(pasted[..., 0].astype(int), axis=0)).max() < 10


@pytest.mark.parametrize("upscale", [1, 2])
def test_an_aligned_face_is_replaced_to_its_edges(upscale):
    crop = FaceCrop(np.zeros((64, 64, 3), np.uint8), scaling(1.0, 1.0))
    restored = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    canvas = np.zeros((64 * upscale, 64 * upscale, 3), np.uint8)
    pasted = PublishedPlacement().paste_back(canvas, [PlacedFace(crop, restored, fades=False)], upscale)
    assert pasted.shape == canvas.shape
    if upscale == 1:
        assert np.array_equal(pasted, restored)
