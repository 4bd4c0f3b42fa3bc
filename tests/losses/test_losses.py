import pytest
import torch

from retrato.losses import identity_loss, pixel_loss, pyramid_loss


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
