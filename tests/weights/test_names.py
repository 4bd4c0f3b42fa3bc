import json

import pytest
import torch

from doubles import REFERENCE
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights.names.gfpgan import PRIOR, gfpgan_to_ours, gfpgan_to_published
from retrato.weights.names.kinds import Kind
from retrato.weights.names.stylegan2 import stylegan2_to_ours

NAMES = {
    Kind.CLEAN: "gfpgan-v1.2/v1.3/v1.4 (clean)",
    Kind.BILINEAR: "gfpgan-bilinear",
    Kind.ORIGINAL: "gfpgan-v1 (original)",
}
V1 = StyleGAN2Config(channel_base=16384, resampling=Resampling.FIR)
PRIORS = {Kind.CLEAN: StyleGAN2Config(), Kind.BILINEAR: StyleGAN2Config(), Kind.ORIGINAL: V1}


def published(kind):
    """Tensors without numbers, of the published names and shapes."""
    shapes = dict(json.loads((REFERENCE / "published_names.json").read_text())[NAMES[kind]])
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def shapes_of(tensors):
    return {name: tensor.shape for name, tensor in tensors.items()}


@pytest.mark.parametrize("kind", Kind)
def test_published_tensors_fill_each_of_ours_in_its_shape(kind):
    with torch.device("meta"):
        network = GFPGAN(GFPGANConfig(PRIORS[kind]))
    assert shapes_of(gfpgan_to_ours(published(kind), kind)) == shapes_of(network.state_dict())


@pytest.mark.parametrize("kind", Kind)
def test_each_published_name_is_used_once(kind):
    tensors = published(kind)
    assert len(gfpgan_to_ours(tensors, kind)) == len(tensors)


def test_the_prior_alone_fills_stylegan2():
    tensors = published(Kind.ORIGINAL).items()
    prior = {name.removeprefix(PRIOR): tensor for name, tensor in tensors if name.startswith(PRIOR)}
    with torch.device("meta"):
        network = StyleGAN2Generator(V1)
    assert shapes_of(stylegan2_to_ours(prior, Kind.ORIGINAL)) == shapes_of(network.state_dict())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "name",
    [
        "conv_body_last.weight",
        "conv_body_first.weight.0",
        "stylegan_decoder.style_mlp.weight",
        "stylegan_decoder.noises.noise",
        "stylegan_decoder.to_rgbs.-1.bias",
    ],
)
def test_an_unknown_name_is_refused(kind, name):
    with pytest.raises(KeyError):
        gfpgan_to_ours({name: torch.zeros(1)}, kind)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "name", ["unet.seventh.weight", "keep.conv.weight", "prior.blocks.0.blur.weight", "prior.first"]
)
def test_a_name_of_ours_that_no_published_network_has_is_refused(kind, name):
    with pytest.raises(KeyError):
        gfpgan_to_published({name: torch.zeros(1)}, kind)
