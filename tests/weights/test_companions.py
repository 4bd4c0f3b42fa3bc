import json

import pytest
import torch

from doubles import REFERENCE, tensor_by_hash
from retrato.errors import UnavailableWeights, UnknownWeights, UnusableWeights
from retrato.networks.retinaface import Backbone
from retrato.weights import download
from retrato.weights.companions import load_parsenet, load_retinaface

NAMES = json.loads((REFERENCE / "companion_names.json").read_text())
MOBILENET = {name: tensor_by_hash(name, shape) for name, shape in NAMES["retinaface-mobilenet0.25"]}


@pytest.fixture
def saved(tmp_path):
    def save(tensors):
        torch.save(tensors, tmp_path / "detector.pth")
        return tmp_path / "detector.pth"

    return save


def test_a_file_says_by_its_names_which_trunk_it_is_for(saved):
    assert load_retinaface(saved(MOBILENET)).config.backbone is Backbone.MOBILENET


def test_a_file_of_a_network_trained_on_several_gpus_is_read(saved):
    wrapped = {f"module.{name}": each for name, each in MOBILENET.items()}
    assert load_retinaface(saved(wrapped)).config.backbone is Backbone.MOBILENET


def test_older_files_do_not_count_batches(saved):
    without = {name: each for name, each in MOBILENET.items() if not name.endswith("num_batches_tracked")}
    load_retinaface(saved(without))


def test_what_is_loaded_is_folded_and_frozen(saved, rng):
    network = load_retinaface(saved(MOBILENET))
    assert not any(isinstance(each, torch.nn.BatchNorm2d) for each in network.modules())
    assert not any(each.requires_grad for each in network.parameters())


def test_a_missing_tensor_is_named(saved):
    lacking = {name: each for name, each in MOBILENET.items() if name != "fpn.merge1.0.weight"}
    with pytest.raises(UnusableWeights, match=r"1 tensors are missing .*merge\.merged\.0\.0\.weight"):
        load_retinaface(saved(lacking))


def test_a_tensor_of_another_shape_is_named(saved):
    changed = {**MOBILENET, "ClassHead.0.conv1x1.bias": torch.zeros(6)}
    with pytest.raises(UnusableWeights, match=r"heads\.0\.is_face\.bias"):
        load_retinaface(saved(changed))


def test_weights_of_another_network_are_refused(saved):
    with pytest.raises(UnusableWeights, match="no ParseNet as facexlib publishes it"):
        load_parsenet(saved(MOBILENET))


@pytest.mark.parametrize("name", ["yolo", "nowhere.pth", "x" * 300, "gfpgan-v1.4"])
def test_what_is_neither_a_name_nor_a_file_is_refused_with_the_names(name):
    with pytest.raises(UnknownWeights, match=r"retinaface-mobilenet0\.25 or retinaface-resnet50"):
        load_retinaface(name)


@pytest.mark.parametrize("load", [load_retinaface, load_parsenet])
def test_without_a_connection_it_is_said_where_the_file_is_to_be_had(load, tmp_path, monkeypatch):
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: no_network_error())
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    with pytest.raises(UnavailableWeights, match=r"download https://github.com/xinntao/facexlib"):
        load()


def no_network_error():
    raise download.urllib.error.URLError("no network")
