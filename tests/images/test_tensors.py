import numpy as np
import pytest
import torch

from retrato.images.tensors import from_levels, mirrored_where, rounded, to_image, to_images, to_pictures


@pytest.fixture
def every_level():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    return np.dstack([levels, levels[::-1], levels.T])


def test_every_level_survives_the_way_in_and_out(every_level):
    assert np.array_equal(to_image(to_pictures([every_level])[0]), every_level)


def test_black_is_minus_one_and_white_is_one():
    image = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    picture = to_pictures([image])[0]
    assert picture[:, 0, 0].tolist() == [-1, -1, -1]
    assert picture[:, 0, 1].tolist() == [1, 1, 1]


def test_channels_come_before_rows(every_level):
    pictures = to_pictures([every_level[:5], every_level[5:10]])
    assert pictures.shape == (2, 3, 5, 16)
    assert pictures.is_contiguous()


def test_each_picture_of_a_batch_becomes_an_image(every_level):
    flipped = every_level[:, ::-1]
    images = to_images(to_pictures([every_level, flipped]))
    assert np.array_equal(images[0], every_level)
    assert np.array_equal(images[1], flipped)


def test_values_outside_the_range_are_clamped():
    picture = torch.tensor([-7.0, 0.0, torch.inf]).reshape(3, 1, 1)
    assert to_image(picture).tolist() == [[[0, 128, 255]]]


def test_values_between_two_levels_go_to_the_nearer():
    picture = torch.tensor([100.4, 100.6, 101.0]).reshape(3, 1, 1) / 127.5 - 1
    assert to_image(picture).tolist() == [[[100, 101, 101]]]


def test_half_precision_with_gradients_becomes_an_image():
    assert to_image(torch.ones(3, 2, 2, dtype=torch.float16, requires_grad=True)).min() == 255


def test_values_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="not numbers"):
        to_image(torch.full((3, 2, 2), torch.nan))


def test_pictures_of_different_sizes_are_no_batch(every_level):
    with pytest.raises(ValueError, match="one size"):
        to_pictures([every_level, every_level[:8, :8]])


def test_no_pictures_are_no_batch():
    with pytest.raises(ValueError, match="no pictures"):
        to_pictures([])


def test_levels_come_back_as_they_were_from_every_value():
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)
    assert torch.equal(torch.from_numpy(to_image(from_levels(levels))).permute(2, 0, 1), levels)


def test_rounding_gives_what_a_file_would_give_back():
    pictures = torch.linspace(-1.2, 1.2, 300).expand(1, 3, 1, 300)
    assert torch.equal(rounded(pictures), to_pictures(to_images(pictures)))


def test_some_pictures_are_mirrored_and_the_others_stay():
    pictures = torch.arange(2 * 3 * 2 * 4, dtype=torch.uint8).reshape(2, 3, 2, 4)
    one, other = mirrored_where(pictures, torch.tensor([True, False]))
    assert torch.equal(one, pictures[0].flip(2))
    assert torch.equal(other, pictures[1])
