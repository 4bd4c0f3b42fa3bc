import pytest
import torch

from retrato.networks.encoder import FaceEncoder, drawn_latents, surprise
from retrato.networks.stylegan2 import StyleGAN2Config

TINY = StyleGAN2Config(image_size=32, style_size=8, channel_base=128, channel_max=8, mapping_layers=1)


def test_every_face_has_a_distribution_of_latents():
    mean, log_variance = FaceEncoder(TINY)(torch.randn(3, 3, 32, 32))
    assert mean.shape == log_variance.shape == (3, 8)


def test_unit_normal_latents_are_no_surprise():
    assert surprise(torch.zeros(2, 8), torch.zeros(2, 8)).tolist() == [0, 0]


def test_surprise_is_the_divergence_that_torch_finds():
    mean, log_variance = torch.randn(4, 8, dtype=torch.float64), torch.randn(4, 8, dtype=torch.float64)
    one, unit = torch.distributions.Normal(mean, (log_variance / 2).exp()), torch.distributions.Normal(0, 1)
    expected = torch.distributions.kl_divergence(one, unit).sum(1)
    torch.testing.assert_close(surprise(mean, log_variance), expected)


def test_latents_have_the_mean_and_the_variance_that_they_are_drawn_with():
    unit = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0))
    drawn = drawn_latents(torch.full_like(unit, 3.0), torch.full_like(unit, 2.0).log(), unit)
    assert drawn.mean().item() == pytest.approx(3, abs=0.05)
    assert drawn.var().item() == pytest.approx(2, rel=0.05)
