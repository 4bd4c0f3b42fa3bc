import math

import pytest
import torch

from retrato.losses import geodesic_cross_loss


@pytest.mark.parametrize(("second", "angle"), [([1.0, 0], 0), ([0, 1.0], math.pi / 2), ([-1.0, 0], math.pi)])
def test_it_is_the_squared_angle_of_each_layer_to_each_on_average(second, angle):
    styles = torch.tensor([[[1.0, 0], second]])
    expected = 512 / 8 * angle**2 * 2 / 4  # two of the four pairs are of a layer with itself
    torch.testing.assert_close(geodesic_cross_loss(styles).item(), expected, rtol=1e-3, atol=1e-5)


def test_longer_styles_are_no_further_apart():
    styles = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(geodesic_cross_loss(styles), geodesic_cross_loss(5 * styles))


def test_its_slope_is_a_number_where_all_layers_have_one_style():
    styles = torch.ones(1, 3, 8, requires_grad=True)
    geodesic_cross_loss(styles).backward()
    assert styles.grad.isfinite().all()
