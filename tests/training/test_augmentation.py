import math
from dataclasses import replace

import pytest
import torch

from retrato.training.augmentation import ADAPT_EVERY, AugmentationRecord, adapted, augment, draw_augmentation

MANY = 20_000


def unchanged(count):
    return AugmentationRecord(
        turn=torch.eye(3).repeat(count, 1, 1),
        shift=torch.zeros(count, 2),
        warp=torch.eye(3).repeat(count, 1, 1),
        colours=torch.eye(4).repeat(count, 1, 1),
    )


def linear(count, rows):
    transform = torch.eye(3)
    transform[:2, :2] = torch.tensor(rows)
    return transform.repeat(count, 1, 1)


def relative_difference(one, other):
    return ((one - other).norm() / other.norm()).item()


def waves(size, across, down):
    """A pattern with that many waves in a picture, places measured from its centre."""
    places = (torch.arange(size) + 0.5) / size - 0.5
    phase = 2 * math.pi * (across * places[None, :] + down * places[:, None])
    return torch.sin(phase).expand(1, 3, size, size)


def test_without_probability_pictures_stay_bit_for_bit(faces, rng):
    assert torch.equal(augment(faces, draw_augmentation(rng, 4, 0.0)), faces)


def test_a_picture_that_nothing_happens_to_stays_bit_for_bit_beside_others(faces, rng):
    record = replace(unchanged(4), turn=torch.cat([torch.eye(3).repeat(3, 1, 1), linear(1, [[-1.0, 0.0], [0.0, 1.0]])]))
    assert torch.equal(augment(faces, record)[:3], faces[:3])


def test_each_picture_is_augmented_alone(faces, rng):
    record = draw_augmentation(rng, 4, 0.7)
    together = augment(faces, record)
    for index, alone in enumerate(faces):
        torch.testing.assert_close(augment(alone[None], record[index : index + 1])[0], together[index])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[-1.0, 0.0], [0.0, 1.0]], lambda pictures: pictures.flip(3)),
        ([[-1.0, 0.0], [0.0, -1.0]], lambda pictures: pictures.flip(2, 3)),
        ([[0.0, -1.0], [1.0, 0.0]], lambda pictures: pictures.rot90(1, (2, 3))),
    ],
)
def test_mirroring_and_quarter_turns_move_pixels_to_pixels(faces, rows, expected):
    augmented = augment(faces, replace(unchanged(4), turn=linear(4, rows)))
    assert relative_difference(augmented, expected(faces)) < 0.003


def test_a_shift_is_by_whole_pixels_and_mirrors_what_it_uncovers(faces):
    shifted = augment(faces, replace(unchanged(4), shift=torch.tensor([[-0.1, 0.0]]).repeat(4, 1)))  # 6.4 of 64 pixels
    assert relative_difference(shifted[..., 6:], faces[..., :-6]) < 0.004
    assert relative_difference(shifted[..., :6], faces[..., :6].flip(3)) < 0.02


def test_a_rotated_wave_is_the_wave_in_the_other_direction():
    cos, sin = math.cos(0.5), math.sin(0.5)
    record = replace(unchanged(1), warp=linear(1, [[cos, -sin], [sin, cos]]))
    rotated = augment(waves(64, 12, 5), record)
    expected = waves(64, 12 * cos + 5 * sin, 5 * cos - 12 * sin)
    inside = (..., slice(20, 44), slice(20, 44))  # no place there comes from outside the picture
    assert relative_difference(rotated[inside], expected[inside]) < 0.06


def test_detail_that_is_too_fine_for_a_shrunk_picture_turns_grey_and_not_into_other_detail():
    shrunk = augment(waves(64, 27, 0), replace(unchanged(1), warp=linear(1, [[1.9, 0.0], [0.0, 1.9]])))
    assert shrunk[..., 20:44, 20:44].abs().max() < 0.05


def test_flat_pictures_stay_flat_however_they_are_moved(rng):
    record = replace(draw_augmentation(rng, 8, 1.0), colours=unchanged(8).colours)
    torch.testing.assert_close(augment(torch.full((8, 3, 32, 32), 0.3), record), torch.full((8, 3, 32, 32), 0.3))


def test_gradients_of_any_order_go_back_to_the_pictures(rng):
    record = draw_augmentation(rng, 2, 1.0)
    pictures = torch.rand(2, 3, 12, 12, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda each: augment(each, record), pictures, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda each: augment(each, record).square(), pictures, fast_mode=True)


def test_places_change_as_much_as_published(rng):
    warp = draw_augmentation(rng, MANY, 1.0).warp
    stretched = torch.linalg.svdvals(warp[:, :2, :2]).log2()
    assert stretched.mean(1).std().item() == pytest.approx(0.2, rel=0.03)
    assert (stretched[:, 0] - stretched[:, 1]).square().mean().sqrt().item() / 2 == pytest.approx(0.2, rel=0.03)
    shifts = torch.linalg.solve(warp[:, :2, :2], warp[:, :2, 2:])
    assert shifts.std().item() == pytest.approx(0.125, rel=0.03)


def test_colours_change_as_much_as_published(rng):
    colours = draw_augmentation(rng, MANY, 1.0).colours
    of_grey = colours[:, :3, :3].sum(2)
    torch.testing.assert_close(of_grey, of_grey[:, :1].expand(-1, 3), rtol=1e-3, atol=1e-4)  # grey stays grey
    contrast = of_grey[:, 0].abs()
    assert (of_grey[:, 0] < 0).float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert contrast.log2().std().item() == pytest.approx(0.5, rel=0.03)
    assert (colours[:, 0, 3] / of_grey[:, 0]).std().item() == pytest.approx(0.2, rel=0.03)
    saturation = (colours[:, :3, :3].det().abs() / contrast**3).sqrt()
    assert saturation.log2().std().item() == pytest.approx(1.0, rel=0.03)


def test_each_kind_of_change_happens_with_the_probability(rng):
    record = draw_augmentation(rng, MANY, 0.3)
    linear_part = record.warp[:, :2, :2]
    is_rotated = (linear_part[:, 0, 1] != 0).float().mean().item()
    assert is_rotated == pytest.approx(0.3, abs=0.015)
    assert (record.shift[:, 0] != 0).float().mean().item() == pytest.approx(0.3, abs=0.015)
    unturned = (record.turn == torch.eye(3)).flatten(1).all(1).float().mean().item()
    assert unturned == pytest.approx((1 - 0.3 / 2) * (1 - 0.3 * 3 / 4), abs=0.015)


def test_the_probability_rises_while_the_discriminator_is_too_sure_and_falls_when_it_guesses():
    pictures = ADAPT_EVERY * 32
    assert adapted(0.2, 0.8, pictures) == pytest.approx(0.2 + 128 / 500_000)
    assert adapted(0.2, 0.4, pictures) == pytest.approx(0.2 - 128 / 500_000)
    assert adapted(0.2, 0.6, pictures) == 0.2


def test_the_probability_stays_between_0_and_1():
    assert adapted(0.0, -1.0, 1000) == 0
    assert adapted(0.999, 1.0, 1000) == 1
