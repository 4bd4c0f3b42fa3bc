import pytest
import torch
from safetensors.torch import load_file, save_file

from doubles import REFERENCE, published_weights
from retrato.errors import UnusableWeights
from retrato.networks.restoreformer import RestoreFormerConfig
from retrato.weights import load
from retrato.weights.load import describe_weights, load_gfpgan, load_restoreformer
from retrato.weights.store import StoredWeights, config_fields, write_weights

CONFIG = RestoreFormerConfig(channels=32, multipliers=(1, 2), blocks=1, codes=24, code_size=8, encoded_size=12)


@pytest.fixture
def published():
    return published_weights("restoreformer.safetensors")


@pytest.fixture
def path(published, tmp_path):
    torch.save({"params": published}, tmp_path / "RestoreFormer.pth")
    return tmp_path / "RestoreFormer.pth"


def test_a_published_file_restores_as_published(path):
    reference = load_file(REFERENCE / "restoreformer.safetensors")
    with torch.no_grad():
        restored = load_restoreformer(path)(reference["input.faces"].float())
    torch.testing.assert_close(restored, reference["output.restored"], rtol=0, atol=2e-5)


def test_sizes_are_read_from_the_tensors(path):
    assert load_restoreformer(path).config == CONFIG


def test_a_published_layout_may_stand_in_safetensors(published, tmp_path):
    save_file(published, tmp_path / "w.safetensors", {"format": "pt"})
    assert load_restoreformer(tmp_path / "w.safetensors").config == CONFIG


def test_ours_is_the_same_after_a_round_trip(path, tmp_path):
    network = load_restoreformer(path)
    stored = StoredWeights("restoreformer", config_fields(CONFIG), network.state_dict(), {})
    write_weights(tmp_path / "w.safetensors", stored)
    read = load_restoreformer(tmp_path / "w.safetensors")
    assert read.config == CONFIG
    assert torch.equal(read.decoder.first.weight, network.decoder.first.weight)


def test_the_catalog_name_stands_for_its_file(path, monkeypatch):
    monkeypatch.setattr(load, "find_weights", {"restoreformer": path}.__getitem__)
    assert load_restoreformer("restoreformer").config == CONFIG


def test_a_published_file_is_described_by_its_name(path):
    assert describe_weights(path) == "published weights RestoreFormer.pth"


def test_one_network_is_not_taken_for_the_other(path, tmp_path):
    torch.save(published_weights("gfpgan_clean.safetensors"), tmp_path / "gfpgan.pth")
    with pytest.raises(UnusableWeights, match="weights for RestoreFormer, not for GFP-GAN"):
        load_gfpgan(path)
    with pytest.raises(UnusableWeights, match="weights for GFP-GAN, not for RestoreFormer"):
        load_restoreformer(tmp_path / "gfpgan.pth")


@pytest.mark.parametrize(
    "name",
    [
        "encoder.conv_in.weight",
        "encoder.conv_out.weight",
        "decoder.up.1.attn.1.k.bias",
        "decoder.mid.block_2.norm1.bias",
    ],
)
def test_a_file_without_one_of_its_tensors_is_refused(published, tmp_path, name):
    del published[name]
    torch.save(published, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_restoreformer(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("quantize.embedding.weight", torch.zeros(24)),
        ("encoder.conv_in.weight", torch.zeros(0, 3, 3, 3)),
        ("encoder.conv_in.weight", torch.zeros(())),
        ("encoder.conv_in.bias", torch.full((32,), torch.nan)),
        ("encoder.down.0.attn.0.q.weight", torch.zeros(64, 64, 1, 1)),
        ("discriminator.weight", torch.zeros(1)),
    ],
)
def test_a_file_with_a_tensor_of_no_such_network_is_refused(published, tmp_path, name, tensor):
    torch.save({**published, name: tensor}, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_restoreformer(tmp_path / "w.pth")
