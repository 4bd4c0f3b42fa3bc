import json

import pytest
import torch
from safetensors.torch import save_file

from doubles import REFERENCE, published_weights
from retrato.errors import UnknownWeights, UnusableWeights
from retrato.networks.rrdbnet import RRDBNet, RRDBNetConfig
from retrato.networks.srvgg import SRVGG, SRVGGConfig
from retrato.weights import load
from retrato.weights.names.realesrgan import rrdbnet_to_ours, srvgg_to_ours
from retrato.weights.upscalers import load_upscaler

CONFIGS = {
    "srvgg": SRVGGConfig(factor=4, channels=8, inner_layers=3),
    "rrdbnet_x4": RRDBNetConfig(factor=4, channels=8, growth=4, blocks=2),
    "rrdbnet_x2": RRDBNetConfig(factor=2, channels=8, growth=4, blocks=2),
}
PUBLISHED = {
    "realesr-general-x4v3": (SRVGG, SRVGGConfig(), srvgg_to_ours),
    "realesr-animevideov3": (SRVGG, SRVGGConfig(inner_layers=16), srvgg_to_ours),
    "realesrgan-x4plus": (RRDBNet, RRDBNetConfig(), rrdbnet_to_ours),
    "realesrgan-x2plus": (RRDBNet, RRDBNetConfig(factor=2), rrdbnet_to_ours),
}


@pytest.fixture
def published():
    return published_weights("srvgg.safetensors")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tensors_fill_each_of_ours_in_its_shape(name):
    kind, config, to_ours = PUBLISHED[name]
    shapes = json.loads((REFERENCE / "realesrgan_names.json").read_text())[name]
    with torch.device("meta"):
        own = kind(config).state_dict()
    renamed = {to_ours(each): torch.Size(shape) for each, shape in shapes}
    assert renamed == {each: tensor.shape for each, tensor in own.items()}
    assert len(renamed) == len(shapes)


@pytest.mark.parametrize("name", CONFIGS)
def test_kind_and_sizes_are_read_from_the_tensors(name, tmp_path):
    torch.save({"params": published_weights(f"{name}.safetensors")}, tmp_path / "w.pth")
    assert load_upscaler(tmp_path / "w.pth").config == CONFIGS[name]


def test_averaged_weights_are_preferred_to_the_last(published, tmp_path):
    zeros = {name: torch.zeros_like(tensor) for name, tensor in published.items()}
    torch.save({"params": zeros, "params_ema": published}, tmp_path / "w.pth")
    assert load_upscaler(tmp_path / "w.pth").convolutions[0].weight.any()


def test_a_published_layout_may_stand_in_safetensors(published, tmp_path):
    save_file(published, tmp_path / "w.safetensors")
    assert load_upscaler(tmp_path / "w.safetensors").config == CONFIGS["srvgg"]


def test_half_precision_files_are_computed_in_full(published, tmp_path):
    torch.save({name: tensor.half() for name, tensor in published.items()}, tmp_path / "w.pth")
    assert {each.dtype for each in load_upscaler(tmp_path / "w.pth").parameters()} == {torch.float32}


def test_networks_come_frozen(published, tmp_path):
    torch.save(published, tmp_path / "w.pth")
    assert not any(each.requires_grad for each in load_upscaler(tmp_path / "w.pth").parameters())


def test_a_catalog_name_stands_for_its_file(published, tmp_path, monkeypatch):
    torch.save(published, tmp_path / "w.pth")
    monkeypatch.setattr(load, "find_weights", {"realesr-general-x4v3": tmp_path / "w.pth"}.__getitem__)
    assert load_upscaler("realesr-general-x4v3").config == CONFIGS["srvgg"]


@pytest.mark.parametrize("name", ["bundled", "gfpgan-v1.4", "esrgan"])
def test_names_of_other_networks_are_answered_with_the_known_ones(name):
    with pytest.raises(UnknownWeights, match="realesr-general-x4v3, realesrgan-x2plus, realesrgan-x4plus"):
        load_upscaler(name)


@pytest.mark.parametrize("file_name", ["gone.pth", "gone.safetensors"])
def test_a_missing_file_is_named(file_name, tmp_path):
    with pytest.raises(UnusableWeights, match="gone"):
        load_upscaler(tmp_path / file_name)


@pytest.mark.parametrize("file_name", ["w.pth", "w.safetensors"])
def test_a_broken_file_is_refused(file_name, tmp_path):
    (tmp_path / file_name).write_bytes(b"not weights" * 9)
    with pytest.raises(UnusableWeights, match=file_name):
        load_upscaler(tmp_path / file_name)


def test_files_of_other_networks_are_refused(tmp_path):
    torch.save(published_weights("gfpgan_clean.safetensors"), tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match="no network of Real-ESRGAN"):
        load_upscaler(tmp_path / "w.pth")


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("place", [0, 1, 2, -2, -1])
def test_a_file_without_one_of_its_tensors_is_refused(kind, place, tmp_path):
    tensors = published_weights(f"{kind}.safetensors")
    del tensors[list(tensors)[place]]
    torch.save(tensors, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_upscaler(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("body.0.weight", torch.zeros(())),
        ("body.0.weight", torch.zeros(8, 4, 3, 3)),
        ("body.8.bias", torch.zeros(2)),
        ("body.8.bias", torch.full((48,), torch.nan)),
        ("body.9.weight", torch.zeros(8)),
        ("body.1.bias", torch.zeros(8)),
        ("head.weight", torch.zeros(8)),
    ],
)
def test_a_file_with_a_tensor_of_no_such_network_is_refused(published, name, tensor, tmp_path):
    torch.save({**published, name: tensor}, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_upscaler(tmp_path / "w.pth")


@pytest.mark.parametrize("incoming", [0, 1, 48])
def test_a_network_of_a_factor_that_was_never_published_is_refused(incoming, tmp_path):
    tensors = published_weights("rrdbnet_x4.safetensors")
    torch.save({**tensors, "conv_first.weight": torch.zeros(8, incoming, 3, 3)}, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_upscaler(tmp_path / "w.pth")


def test_the_published_file_is_read(animevideo):
    assert load_upscaler(animevideo).config == SRVGGConfig(inner_layers=16)
