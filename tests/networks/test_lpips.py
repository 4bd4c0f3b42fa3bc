import pytest
import torch

from retrato.networks.lpips import LPIPS
from retrato.weights.judges import load_lpips


def test_gives_the_value_of_the_torchmetrics_docs(published):
    published("lpips-squeezenet")
    torch.manual_seed(123)
    one, other = torch.rand(10, 3, 100, 100) * 2 - 1, torch.rand(10, 3, 100, 100) * 2 - 1
    assert load_lpips()(one, other).mean().item() == pytest.approx(0.1008, abs=5e-5)


def test_equal_pictures_are_no_distance_apart(faces):
    assert LPIPS()(faces, faces).tolist() == [0, 0, 0, 0]


def test_each_picture_is_measured_alone(faces):
    network = LPIPS()
    for weight in network.weights:
        torch.nn.init.ones_(weight)
    together = network(faces, faces.flip(3))
    alone = [network(each[None], each[None].flip(3)).item() for each in faces]
    assert together.tolist() == pytest.approx(alone, rel=1e-4)
