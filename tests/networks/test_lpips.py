import json

import pytest
import torch

from doubles import REFERENCE
from published_trunks import published_parts
from retrato.networks.lpips import LPIPS, TrunkKind
from retrato.weights.judges import load_lpips
from retrato.weights.names.lpips import lpips_part_to_ours

EXPECTED = json.loads((REFERENCE / "metric_networks.json").read_text())


@pytest.mark.parametrize("kind", TrunkKind)
def test_gives_what_the_published_package_gives_on_each_trunk(kind, two_pairs):
    trunk, linear = published_parts(kind)
    network = LPIPS(kind).requires_grad_(False)
    renamed = {lpips_part_to_ours(name, kind): each for name, each in (trunk | linear).items()}
    own = network.state_dict()
    network.load_state_dict({name: each.reshape(own[name].shape) for name, each in renamed.items()})
    assert network(*two_pairs).tolist() == pytest.approx(EXPECTED[f"lpips-{kind}"], rel=1e-4)


def test_gives_the_value_of_the_torchmetrics_docs(published):
    published("lpips-squeezenet")
    torch.manual_seed(123)
    one, other = torch.rand(10, 3, 100, 100) * 2 - 1, torch.rand(10, 3, 100, 100) * 2 - 1
    assert load_lpips()(one, other).mean().item() == pytest.approx(0.1008, abs=5e-5)


def test_is_read_from_a_trunk_and_linear_layers(published, tmp_path, monkeypatch, faces):
    linear = published("lpips-linear-alexnet")
    trunk, _ = published_parts(TrunkKind.ALEXNET)
    classifier = {"classifier.1.weight": torch.zeros(2, 2)}
    torch.save(trunk | classifier, tmp_path / "trunk.pth")
    files = {"alexnet": tmp_path / "trunk.pth", "lpips-linear-alexnet": linear}
    monkeypatch.setattr("retrato.weights.judges.find_weights", files.__getitem__)
    assert (load_lpips(TrunkKind.ALEXNET)(faces, faces.flip(3)) > 0).all()


def test_a_classifier_is_no_part_of_it():
    with pytest.raises(KeyError):
        lpips_part_to_ours("classifier.1.weight", TrunkKind.ALEXNET)


def test_equal_pictures_are_no_distance_apart(faces):
    assert LPIPS()(faces, faces).tolist() == [0, 0, 0, 0]


def test_each_picture_is_measured_alone(faces):
    network = LPIPS()
    for weight in network.weights:
        torch.nn.init.ones_(weight)
    together = network(faces, faces.flip(3))
    alone = [network(each[None], each[None].flip(3)).item() for each in faces]
    assert together.tolist() == pytest.approx(alone, rel=1e-4)
