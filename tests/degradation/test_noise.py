import math

import torch

from retrato.degradation.noise import smooth_noise


def test_smooth_noise_has_unit_variance_and_goes_together_over_its_spread():
    noise = smooth_noise(torch.tensor([0, 1]), torch.tensor([0.01, 3.0]), 128, 128)
    assert abs(noise.std((1, 2, 3)) - 1).max() < 0.01
    beside = (noise[..., 1:] * noise[..., :-1]).mean((1, 2, 3))
    assert abs(beside[0]) < 0.03
    assert abs(beside[1] - math.exp(-1 / 36)) < 0.03  # a blurred field's correlation over one pixel
