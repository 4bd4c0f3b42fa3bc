from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.weights.names.gfpgan import gfpgan_to_ours
from retrato.weights.names.kinds import Kind


@pytest.fixture(scope="module", params=Kind)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def reference(kind):
    return load_file(REFERENCE / f"gfpgan_{kind}.safetensors")


@pytest.fixture(scope="module")
def published_network(kind):
    prior = StyleGAN2Config(
        image_size=64,
        style_size=32,
        channel_base=1024 if kind is Kind.ORIGINAL else 2048,
        channel_max=32,
        mapping_layers=2,
        resampling=kind.resampling,
    )
    network = GFPGAN(GFPGANConfig(prior))
    network.load_state_dict(gfpgan_to_ours(published_weights(f"gfpgan_{kind}.safetensors"), kind))
    return network.eval().requires_grad_(False)


def test_restores_as_the_published_model_does(published_network, reference):
    restored, _ = published_network(reference["input.faces"])
    torch.testing.assert_close(restored, reference["output.restored"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("level", range(4))
def test_shows_the_published_pyramid(published_network, reference, level):
    _, pyramid = published_network(reference["input.faces"])
    torch.testing.assert_close(pyramid[level], reference[f"output.pyramid{level}"], rtol=0, atol=1e-5)


def test_restoring_alone_gives_what_forward_gives(published_network, reference):
    faces = reference["input.faces"]
    assert torch.equal(published_network.restore(faces), published_network(faces)[0])


def test_stored_noise_makes_equal_results_and_drawn_noise_others(published_network, reference):
    faces = reference["input.faces"]
    stored = published_network.restore(faces)
    drawn, again = (published_network.restore(faces, torch.arange(len(faces))) for _ in range(2))
    assert torch.equal(drawn, again)
    assert not torch.equal(drawn, stored)


@pytest.mark.parametrize("resampling", Resampling)
def test_a_folded_network_gives_faces_of_the_same_size(resampling):
    faces = torch.zeros(2, 3, 32, 32)
    restored, pyramid = GFPGAN(replace(TINY, prior=replace(TINY.prior, resampling=resampling)))(faces)
    assert restored.shape == faces.shape
    assert [each.shape[-1] for each in pyramid] == [8, 32]


def test_a_new_network_draws_most_of_each_face(faces):
    network = GFPGAN(TINY)
    kept = network.keep(network.unet(faces[:, :, ::2, ::2])[1][-1])
    torch.testing.assert_close(kept, torch.full_like(kept, 0.1192), rtol=0, atol=1e-4)


def test_what_is_kept_entirely_stays_as_it_is(faces):
    small = faces[:, :, ::2, ::2]
    network = GFPGAN(TINY)
    torch.nn.init.constant_(network.keep.conv.bias, 30.0)
    torch.testing.assert_close(network.restore(small), small, rtol=0, atol=1e-5)


def test_a_self_ensemble_is_the_mean_of_a_face_and_of_its_mirror_image(faces):
    small, seeds = faces[:, :, ::2, ::2], torch.arange(len(faces))
    network = GFPGAN(TINY)
    straight, mirrored = network(small, seeds)[0], network(small.flip(3), seeds)[0].flip(3)
    assert not torch.equal(straight, mirrored)
    torch.testing.assert_close(network.restore(small, seeds), (straight + mirrored) / 2, rtol=0, atol=1e-6)


def test_a_new_folded_network_draws_no_chequers(faces):
    network = GFPGAN(TINY)
    _, pyramid = network(faces[:, :, ::2, ::2])
    squares = pyramid[-1].unfold(2, 2, 2).unfold(3, 2, 2)  # of two by two pixels
    assert squares.flatten(-2).var(-1).max() < 0.1 * pyramid[-1].var()


def test_every_parameter_that_restores_learns(faces):
    network = GFPGAN(TINY)
    restored, pyramid = network(faces[:, :, ::2, ::2])
    (restored.sum() + sum(each.square().sum() for each in pyramid)).backward()
    unmoved = [name for name, each in network.named_parameters() if each.grad is None or not each.grad.any()]
    assert unmoved == []
