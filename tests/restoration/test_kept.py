import numpy as np
import pytest
import torch

from retrato.errors import UnusableRegion
from retrato.faces.face import Box, Face
from retrato.images.files import write_image
from retrato.images.photo import Photo
from retrato.restoration.kept import Kept
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.rotation import Rotation

FACE = Face(
    Box(100.0, 60.0, 220.0, 210.0),
    np.array([130.0, 110.0]) + 50 * np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)]),
    0.99,
)
GLASSES = Box(120.0, 95.0, 190.0, 125.0)


class Striped:
    """As bright as before on the whole, for faces keep their mean colour."""

    name = "what paints stripes"
    size = 128

    def __call__(self, faces):
        stripes = 0.6 * torch.sin(torch.linspace(0, 20 * torch.pi, self.size))
        return (faces + stripes).clamp(-1, 1)


@pytest.fixture
def photo():
    return Photo(np.random.default_rng(0).integers(90, 140, (300, 320, 3), np.uint8))


@pytest.fixture
def restore():
    return PhotoRestorer(lambda _: [FACE], Striped())


def changed(result, photo):
    return (result.image != photo.image).any(axis=2)


def test_what_is_kept_stays_to_the_bit_and_the_face_around_does_not(restore, photo):
    kept = changed(restore(photo, Kept((GLASSES,))), photo)
    assert not kept[95:125, 120:190].any()
    everywhere = changed(restore(photo), photo)
    assert everywhere[95:125, 120:190].mean() > 0.8
    assert kept[145:180, 140:170].mean() > 0.8


def test_a_mask_says_the_same_as_its_box(restore, photo, tmp_path):
    mask = np.zeros((300, 320, 3), np.uint8)
    mask[95:125, 120:190] = 255
    write_image(Photo(mask), tmp_path / "mask.png")
    by_mask = restore(photo, Kept.from_names((tmp_path / "mask.png",)))
    assert np.array_equal(by_mask.image, restore(photo, Kept((GLASSES,))).image)


def test_the_edge_of_what_is_kept_is_soft(restore, photo):
    changes = [
        np.abs(restore(photo, kept).image.astype(int) - photo.image)[125:150, 120:190].sum(axis=(1, 2))
        for kept in (Kept((GLASSES,)), None)
    ]
    parts = changes[0] / changes[1]
    assert parts[0] < 0.1
    assert parts[-1] > 0.95
    assert np.diff(parts).max() < 0.4


def test_what_is_kept_turns_with_the_photo(photo):
    turned_photo = Photo(np.rot90(photo.image, 1).copy())  # the photo lies on its side; three quarters set it upright
    by_hand = PhotoRestorer(lambda _: [FACE], Striped())(photo, Kept((GLASSES,)))
    lying = Kept((GLASSES,)).turned(1, photo.width, photo.height)
    turning = PhotoRestorer(lambda _: [FACE], Striped(), rotate=Rotation.THREE_QUARTERS)
    result = turning(turned_photo, lying)
    assert result.turns == 3
    assert np.array_equal(result.image, by_hand.image)


@pytest.mark.parametrize("box", [Box(400.0, 0.0, 500.0, 10.0), Box(10.0, 10.0, 10.0, 20.0)])
def test_a_box_outside_the_photo_is_refused(restore, photo, box):
    with pytest.raises(UnusableRegion, match="which is 320x300"):
        restore(photo, Kept((box,)))


def test_a_mask_of_another_size_is_refused(restore, photo):
    with pytest.raises(UnusableRegion, match="is 20x10, the photo 320x300"):
        restore(photo, Kept(mask=np.zeros((10, 20), bool)))


def test_masks_of_two_sizes_are_refused(tmp_path):
    for size in (10, 20):
        write_image(Photo(np.zeros((size, size, 3), np.uint8)), tmp_path / f"{size}.png")
    with pytest.raises(UnusableRegion, match="different sizes"):
        Kept.from_names((tmp_path / "10.png", tmp_path / "20.png"))
