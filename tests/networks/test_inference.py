import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.networks import resampling
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.inference import for_inference
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.weights.names.kinds import Kind
from retrato.weights.published import from_published


@pytest.fixture(params=Kind)
def kind(request):
    return request.param


@pytest.fixture
def reference(kind):
    return load_file(REFERENCE / f"gfpgan_{kind}.safetensors")


@pytest.fixture
def network(kind):
    stored = from_published(published_weights(f"gfpgan_{kind}.safetensors"), Path(f"{kind}.pth"))
    prior = StyleGAN2Config(**stored.config["prior"])
    network = GFPGAN(GFPGANConfig(prior))
    network.load_state_dict(stored.tensors)
    return network


@torch.no_grad()
@pytest.mark.parametrize("doubling_folded_from", [4, resampling.FROM_RESOLUTION])
def test_in_float32_it_restores_as_the_published_model_does(network, reference, doubling_folded_from, monkeypatch):
    monkeypatch.setattr(resampling, "FROM_RESOLUTION", doubling_folded_from)
    restored = for_inference(network, torch.float32).restore(reference["input.faces"])
    torch.testing.assert_close(restored, reference["output.restored"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_in_bf16_it_restores_nearly_so(network, reference):
    expected = reference["output.restored"]
    restored = for_inference(network, torch.bfloat16).restore(reference["input.faces"])
    assert restored.dtype == torch.float32
    assert (restored - expected).square().mean().sqrt() < 0.01 * (expected.amax() - expected.amin())


@torch.no_grad()
def test_what_a_sharp_face_keeps_is_not_rounded():
    network = GFPGAN(TINY)
    torch.nn.init.constant_(network.keep.conv.bias, 30.0)  # keeps everything
    faces = torch.rand(1, 3, 32, 32) * 2 - 1
    assert torch.equal(for_inference(network, torch.bfloat16).restore(faces), faces)


@torch.no_grad()
def test_what_was_copied_before_still_learns(network, reference):
    copied = copy.deepcopy(network)
    for_inference(network, torch.bfloat16)
    assert all(each.requires_grad and each.dtype == torch.float32 for each in copied.parameters())
    assert copied.prior.first.conv.energy is None
