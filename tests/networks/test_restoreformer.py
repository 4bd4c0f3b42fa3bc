import json

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, published_weights
from retrato.networks.restoreformer import RestoreFormer, RestoreFormerConfig
from retrato.weights.names.restoreformer import UNUSED, restoreformer_to_ours

TINY = RestoreFormerConfig(channels=32, multipliers=(1, 2), blocks=1, codes=24, code_size=8, encoded_size=12)


@pytest.fixture(scope="module")
def network():
    """A tiny network with the weights of the published class that its numbers were made with."""
    network = RestoreFormer(TINY).requires_grad_(False)
    published = published_weights("restoreformer.safetensors").items()
    named = {restoreformer_to_ours(name): tensor.float() for name, tensor in published if not UNUSED.fullmatch(name)}
    network.load_state_dict(named)
    return network


def test_faces_are_restored_as_the_published_network_restores_them(network):
    reference = load_file(REFERENCE / "restoreformer.safetensors")
    restored = network(reference["input.faces"].float())
    torch.testing.assert_close(restored, reference["output.restored"], rtol=0, atol=2e-5)


def test_each_place_takes_the_closest_code(network):
    features = torch.randn(2, 8, 3, 4, generator=torch.Generator().manual_seed(0))
    distances = torch.cdist(features.flatten(2).transpose(1, 2), network.dictionary.weight)
    expected = network.dictionary.weight[distances.argmin(2)].transpose(1, 2).reshape(2, 8, 3, 4)
    assert torch.equal(network.closest(features), expected)


def test_published_tensors_fill_each_of_ours_in_its_shape():
    shapes = json.loads((REFERENCE / "restoreformer_names.json").read_text())["restoreformer"]
    with torch.device("meta"):
        own = RestoreFormer(RestoreFormerConfig()).state_dict()
    renamed = {restoreformer_to_ours(name): torch.Size(shape) for name, shape in shapes if not UNUSED.fullmatch(name)}
    assert renamed == {name: tensor.shape for name, tensor in own.items()}


def test_the_tensors_left_out_are_three_normalisations_that_the_encoder_does_not_use():
    shapes = json.loads((REFERENCE / "restoreformer_names.json").read_text())["restoreformer"]
    unused = {name.rpartition(".")[0] for name, _ in shapes if restoreformer_to_ours(name) is None}
    assert unused == {"encoder.down.5.attn.0.norm2", "encoder.down.5.attn.1.norm2", "encoder.mid.attn_1.norm2"}


@pytest.mark.parametrize("name", ["encoder.down.0.attn", "decoder.up.1.block.0.temb_proj.weight", "quant.weight"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(KeyError):
        restoreformer_to_ours(name)


def test_the_published_shape_is_for_faces_of_512_px():
    assert RestoreFormerConfig().image_size == 512


@pytest.mark.parametrize("fields", [{"channels": 48}, {"heads": 5}, {"multipliers": ()}, {"codes": 0}])
def test_shapes_that_no_restorer_has_are_refused(fields):
    with pytest.raises(ValueError, match="must be"):
        RestoreFormerConfig(**fields)
