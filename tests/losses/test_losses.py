import math

import pytest
import torch

from retrato.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    identity_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    paired_discriminator_loss,
    paired_generator_loss,
    pixel_loss,
    pyramid_loss,
    saturating_generator_loss,
    style_loss,
)
from retrato.losses.style import gram_matrix


def test_pixel_loss_is_the_mean_difference():
    assert pixel_loss(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), -0.5)).item() == 0.5


def test_pyramid_loss_compares_each_resolution_with_the_shrunk_target():
    target = torch.zeros(1, 3, 8, 8)
    target[..., ::2] = 1  # half on average
    exact = [torch.full((1, 3, 4, 4), 0.5), target]
    assert pyramid_loss(exact, target).item() == 0
    assert pyramid_loss([exact[0] + 0.25, target - 0.5], target).item() == pytest.approx(0.75)


def test_identity_loss_is_zero_for_the_same_person_and_one_for_strangers():
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert identity_loss(one, one).item() == 0
    assert identity_loss(one, other).item() == 1


def test_a_discriminator_that_cannot_tell_pays_twice_log_2():
    unsure = torch.zeros(3, 1)
    assert discriminator_loss(unsure, unsure).item() == pytest.approx(2 * math.log(2))
    assert generator_loss(unsure).item() == pytest.approx(math.log(2))


def test_each_side_gains_what_the_other_loses():
    fooled, sharp = torch.full((2, 1), 5.0), torch.full((2, 1), -5.0)
    assert generator_loss(fooled) < generator_loss(sharp)
    assert discriminator_loss(fooled, sharp) < discriminator_loss(sharp, fooled)


def test_in_pairs_only_the_difference_within_each_pair_counts():
    real, fake = torch.tensor([[3.0], [-7.0]]), torch.tensor([[1.0], [-9.0]])
    told_apart = paired_discriminator_loss(real, fake)
    assert told_apart.item() == pytest.approx(2 * math.log(1 + math.exp(-2)))
    assert told_apart.item() == pytest.approx(paired_discriminator_loss(real + 5, fake + 5).item())
    assert paired_generator_loss(fake, real).item() == pytest.approx(math.log(1 + math.exp(2)))


def test_gradient_penalty_is_the_squared_slope():
    pictures = torch.zeros(2, 3, 4, 4, requires_grad=True)
    slope = torch.full((3, 4, 4), 0.5)
    assert gradient_penalty((pictures * slope).sum((1, 2, 3)), pictures).item() == pytest.approx(48 * 0.25)


def test_gradient_penalty_can_be_minimised():
    pictures = torch.ones(1, 3, 2, 2, requires_grad=True)
    weight = torch.tensor(2.0, requires_grad=True)
    gradient_penalty((weight * pictures).sum((1, 2, 3)), pictures).backward()
    assert weight.grad.item() == pytest.approx(2 * 2.0 * 12)


def test_gram_matrix_of_known_features():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    torch.testing.assert_close(gram_matrix(features), torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4)


def test_style_loss_does_not_care_where_things_stand(rng):
    features = torch.randn(2, 3, 4, 4, generator=rng)
    assert style_loss([features], [features.flip(2, 3)], [1.0]).item() == pytest.approx(0, abs=1e-6)
    assert style_loss([features], [2 * features], [1.0]).item() > 0.1


def test_a_saturating_generator_gains_nothing_where_the_discriminator_is_sure():
    """Goodfellow et al. (2014), section 3: the mean of log(1 - D), whose gradient is -D."""
    logits = torch.tensor([-10.0, 0.0], requires_grad=True)
    loss = saturating_generator_loss(logits)
    assert loss.item() == pytest.approx(math.log(0.5) / 2, abs=1e-4)
    loss.backward()
    assert (2 * logits.grad).tolist() == pytest.approx([-4.54e-5, -0.5], rel=1e-3)


def test_the_penalty_is_for_points_as_it_is_for_pictures():
    points = torch.tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True)
    logits = 3 * points[:, 0] + 4 * points[:, 1]
    assert gradient_penalty(logits, points).item() == pytest.approx(25)


def test_least_squares_give_real_pictures_1_and_fakes_0():
    """Mao et al. (2017), equation 9."""
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    assert least_squares_discriminator_loss(real, fake).item() == 2 + 2
    assert least_squares_generator_loss(fake).item() == 1
