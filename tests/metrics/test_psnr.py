import pytest
import skimage.metrics
import torch

from retrato.metrics import psnr


def test_agrees_with_scikit_image(faces, rng):
    noisy = (faces + 0.1 * torch.randn(faces.shape, generator=rng)).clamp(-1, 1)
    expected = [
        skimage.metrics.peak_signal_noise_ratio(one.numpy(), other.numpy(), data_range=2)
        for one, other in zip(faces, noisy, strict=True)
    ]
    assert psnr(noisy, faces).tolist() == pytest.approx(expected, rel=1e-4)


def test_equal_pictures_are_infinitely_close(faces):
    assert psnr(faces, faces).isinf().all()
