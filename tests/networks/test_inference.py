import copy

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.inference import for_inference
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.weights.names.gfpgan import gfpgan_to_ours
from retrato.weights.names.kinds import Kind


@pytest.fixture(scope="module")
def reference():
    return load_file(REFERENCE / "gfpgan_clean.safetensors")


@pytest.fixture
def network():
    prior = StyleGAN2Config(image_size=64, style_size=32, channel_base=2048, channel_max=32, mapping_layers=2)
    network = GFPGAN(GFPGANConfig(prior))
    network.load_state_dict(gfpgan_to_ours(published_weights("gfpgan_clean.safetensors"), Kind.CLEAN))
    return network


@torch.no_grad()
def test_in_float32_it_restores_as_the_published_model_does(network, reference):
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
