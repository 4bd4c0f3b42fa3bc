import pytest
import torch
import torch.nn.functional as F

from retrato.networks import resampling
from retrato.networks.resampling import convolve_doubled, kernel_phases


@pytest.mark.parametrize("size", [(4, 6), (2, 2), (7, 3)])
def test_doubling_folded_into_the_kernel_gives_the_same(size, rng, monkeypatch):
    monkeypatch.setattr(resampling, "FROM_RESOLUTION", 2)
    features, weight = torch.randn(2, 3, *size, generator=rng), torch.randn(5, 3, 3, 3, generator=rng)
    bias = torch.randn(5, generator=rng)
    doubled = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
    expected = F.conv2d(doubled, weight, bias, padding=1)
    for phases in (None, kernel_phases(weight)):
        torch.testing.assert_close(convolve_doubled(features, weight, bias, phases), expected, rtol=1e-4, atol=1e-5)
