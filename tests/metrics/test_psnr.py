import json

import pytest
import skimage.metrics
import torch

from doubles import REFERENCE
from retrato.metrics import psnr, psnr_luma

EXPECTED = json.loads((REFERENCE / "metrics.json").read_text())["values"]
WORSE = ["blur2", "noise", "down4"]


def test_agrees_with_scikit_image(faces, rng):
    noisy = (faces + 0.1 * torch.randn(faces.shape, generator=rng)).clamp(-1, 1)
    expected = [
        skimage.metrics.peak_signal_noise_ratio(one.numpy(), other.numpy(), data_range=2)
        for one, other in zip(faces, noisy, strict=True)
    ]
    assert psnr(noisy, faces).tolist() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", WORSE)
def test_agrees_with_basicsr(metric_pictures, name):
    found = psnr(metric_pictures[name], metric_pictures["target"])
    assert found.item() == pytest.approx(EXPECTED[name]["psnr_rgb"], abs=1e-4)


@pytest.mark.parametrize("name", WORSE)
def test_brightness_agrees_with_basicsr(metric_pictures, name):
    found = psnr_luma(metric_pictures[name], metric_pictures["target"])
    assert found.item() == pytest.approx(EXPECTED[name]["psnr_y"], abs=1e-4)


def test_equal_pictures_are_infinitely_close(faces):
    assert psnr(faces, faces).isinf().all()
    assert psnr_luma(faces, faces).isinf().all()
