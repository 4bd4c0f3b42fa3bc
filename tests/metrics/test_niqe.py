import json

import pytest
import torch

from doubles import REFERENCE
from retrato.errors import UnmeasurablePictures
from retrato.metrics.niqe import NIQE

EXPECTED = json.loads((REFERENCE / "metrics.json").read_text())["values"]


@pytest.fixture(scope="module")
def simple():
    """Compares with uncorrelated features: needs no file."""
    return NIQE(torch.zeros(36, dtype=torch.float64), torch.eye(36, dtype=torch.float64))


@pytest.mark.parametrize("name", ["target", "blur2", "noise", "down4"])
def test_agrees_with_basicsr(published, metric_pictures, name):
    published("niqe")
    assert NIQE.published()(metric_pictures[name]).item() == pytest.approx(EXPECTED[name]["niqe"], abs=2e-3)


def test_each_picture_is_measured_alone(simple, metric_pictures):
    batch = torch.cat([metric_pictures["target"], metric_pictures["noise"]])
    assert simple(batch).tolist() == [simple(each[None]).item() for each in batch]


def test_what_is_beyond_the_last_whole_block_is_not_seen(simple, metric_pictures):
    target = metric_pictures["target"][..., :256, :256]
    assert simple(target).item() == simple(target[..., :192, :192]).item()


@pytest.mark.parametrize("shape", [(191, 191), (95, 500), (96, 191)])
def test_pictures_of_fewer_than_two_blocks_are_refused(simple, shape):
    with pytest.raises(UnmeasurablePictures, match="two whole blocks"):
        simple(torch.zeros(1, 3, *shape))


def test_two_blocks_are_enough(simple, metric_pictures):
    assert simple(metric_pictures["target"][..., :96, :192]).isfinite().all()


def test_a_picture_of_one_colour_has_no_number(simple):
    assert simple(torch.ones(1, 3, 192, 192)).isnan().all()


def test_pictures_count_as_256_levels(simple, metric_pictures):
    target = metric_pictures["target"]
    assert simple(target + 0.3 / 127.5).item() == simple(target).item()
