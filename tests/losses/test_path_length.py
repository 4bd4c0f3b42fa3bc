import math

import pytest
import torch

from retrato.losses import path_length_penalty, path_lengths
from retrato.networks.noise import seeded_noise


def test_path_lengths_of_a_generator_that_paints_with_its_styles(rng):
    styles = torch.randn(2, 3, 4, generator=rng).requires_grad_()
    # Every pixel of the red plane is the first style's first number, of the green plane twice the last style's last.
    red, green = styles[:, 0, 0], 2 * styles[:, 2, 3]
    planes = torch.stack([red, green, torch.zeros(2)], 1)
    pictures = planes[:, :, None, None].expand(-1, -1, 4, 8)
    lengths = path_lengths(pictures, styles, torch.tensor([7, 8]))
    noise = seeded_noise(torch.tensor([7, 8]), (3, 4, 8)).sum((2, 3)) / math.sqrt(32)
    expected = ((noise[:, 0].square() + (2 * noise[:, 1]).square()) / 3).sqrt()  # the mean over three layers
    torch.testing.assert_close(lengths, expected)


def test_path_lengths_can_be_minimised(rng):
    styles = torch.randn(2, 1, 3, generator=rng).requires_grad_()
    strength = torch.tensor(2.0, requires_grad=True)
    pictures = (strength * styles[:, 0])[:, :, None, None].expand(-1, -1, 4, 4)
    lengths = path_lengths(pictures, styles, torch.tensor([7, 8]))
    lengths.sum().backward()
    torch.testing.assert_close(strength.grad, lengths.detach().sum() / 2)


def test_the_penalty_is_the_squared_distance_from_the_mean_that_follows_slowly():
    penalty, mean = path_length_penalty(torch.tensor([1.0, 3.0]), torch.tensor(0.0))
    assert mean.item() == pytest.approx(0.02)
    assert penalty.item() == pytest.approx((0.98**2 + 2.98**2) / 2)
    _, after = path_length_penalty(torch.tensor([1.0, 3.0]), mean)
    assert after.item() == pytest.approx(0.02 + 0.01 * (2 - 0.02))


def test_the_new_mean_keeps_no_history():
    lengths = torch.tensor([1.0, 2.0], requires_grad=True)
    penalty, mean = path_length_penalty(lengths, torch.tensor(1.0))
    assert penalty.requires_grad
    assert not mean.requires_grad
