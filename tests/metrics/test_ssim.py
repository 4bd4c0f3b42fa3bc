import json

import pytest
import torch

from doubles import REFERENCE
from retrato.errors import UnmeasurablePictures
from retrato.metrics import ms_ssim, ssim, ssim_luma

EXPECTED = json.loads((REFERENCE / "metrics.json").read_text())["values"]
FIVE_SCALES = json.loads((REFERENCE / "metric_networks.json").read_text())["ms-ssim"]
WORSE = ["blur2", "noise", "down4"]


@pytest.mark.parametrize("name", WORSE)
def test_agrees_with_basicsr(metric_pictures, name):
    found = ssim(metric_pictures[name], metric_pictures["target"])
    assert found.item() == pytest.approx(EXPECTED[name]["ssim_rgb"], abs=1e-5)


@pytest.mark.parametrize("name", WORSE)
def test_brightness_agrees_with_basicsr(metric_pictures, name):
    found = ssim_luma(metric_pictures[name], metric_pictures["target"])
    assert found.item() == pytest.approx(EXPECTED[name]["ssim_y"], abs=1e-5)


@pytest.mark.parametrize("name", WORSE)
def test_five_scales_agree_with_pytorch_msssim(metric_pictures, name):
    found = ms_ssim(metric_pictures[name], metric_pictures["target"])
    assert found.item() == pytest.approx(FIVE_SCALES[name], abs=1e-5)


@pytest.mark.parametrize("measure", [ssim, ssim_luma, ms_ssim])
def test_equal_pictures_have_one(metric_pictures, measure):
    target = metric_pictures["target"]
    assert measure(target, target).item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("measure", [ssim, ssim_luma, ms_ssim])
def test_each_picture_is_measured_alone(metric_pictures, measure):
    batch = torch.cat([metric_pictures[name] for name in WORSE])
    targets = metric_pictures["target"].expand(3, -1, -1, -1)
    alone = [measure(each[None], metric_pictures["target"]).item() for each in batch]
    assert measure(batch, targets).tolist() == pytest.approx(alone, abs=1e-6)


def test_five_scales_of_opposite_pictures_have_none(metric_pictures):
    target = metric_pictures["target"]
    assert ms_ssim(-target, target).item() == 0


@pytest.mark.parametrize(("measure", "size"), [(ssim, 10), (ms_ssim, 175)])
def test_pictures_smaller_than_the_window_are_refused(measure, size):
    with pytest.raises(UnmeasurablePictures, match=f"found {size} x {size}"):
        measure(torch.zeros(1, 3, size, size), torch.zeros(1, 3, size, size))


@pytest.mark.parametrize(("measure", "size"), [(ssim, 11), (ms_ssim, 176)])
def test_the_smallest_pictures_are_measured(measure, size, rng):
    pictures = torch.rand(1, 3, size, size, generator=rng) * 2 - 1
    assert measure(pictures, pictures).item() == pytest.approx(1, abs=1e-5)
