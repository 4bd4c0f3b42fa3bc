import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, published_weights
from retrato.networks.rrdbnet import RRDBNet, RRDBNetConfig
from retrato.networks.srvgg import SRVGG, SRVGGConfig
from retrato.weights.names.realesrgan import rrdbnet_to_ours, srvgg_to_ours

NETWORKS = {
    "srvgg": (SRVGG(SRVGGConfig(4, 8, 3)), srvgg_to_ours),
    "rrdbnet_x4": (RRDBNet(RRDBNetConfig(4, 8, 4, 2)), rrdbnet_to_ours),
    "rrdbnet_x2": (RRDBNet(RRDBNetConfig(2, 8, 4, 2)), rrdbnet_to_ours),
}


@pytest.fixture(params=NETWORKS)
def kind(request):
    return request.param


@pytest.fixture
def network(kind):
    """A tiny network with the weights of the published class that its numbers were made with."""
    network, to_ours = NETWORKS[kind]
    published = published_weights(f"{kind}.safetensors")
    network.load_state_dict({to_ours(name): tensor.float() for name, tensor in published.items()})
    return network.requires_grad_(False)


def test_pictures_become_what_the_published_network_makes_of_them(network, kind):
    reference = load_file(REFERENCE / f"{kind}.safetensors")
    enlarged = network(reference["input.pictures"] * 2 - 1)  # published from 0 to 1, ours from -1 to 1
    torch.testing.assert_close(enlarged / 2 + 0.5, reference["output.pictures"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (5, 7)])
def test_any_size_is_enlarged(network, height, width):
    factor = network.config.factor
    assert network(torch.zeros(1, 3, height, width)).shape == (1, 3, height * factor, width * factor)


def test_odd_sides_are_mirrored_on_before_squares_are_folded():
    network, _ = NETWORKS["rrdbnet_x2"]
    odd = torch.linspace(-1, 1, 3 * 5 * 7).reshape(1, 3, 5, 7)
    even = torch.cat([odd, odd[..., -2:-1]], 3)
    even = torch.cat([even, even[:, :, -2:-1]], 2)
    assert torch.equal(network(odd), network(even)[:, :, :10, :14])


def test_nothing_beyond_its_reach_changes_a_pixel(network):
    reach, factor = network.reach, network.config.factor
    size = 2 * reach + 8
    pictures = torch.zeros(1, 3, 4, size)
    changed = pictures.clone()
    changed[..., size // 2 :] = 1
    differing = (network(pictures) != network(changed)).any(1).any(1).any(0).nonzero()
    assert differing.min() >= factor * (size // 2 - reach)


@pytest.mark.parametrize(
    "config", [lambda: SRVGGConfig(inner_layers=0), lambda: RRDBNetConfig(factor=3), lambda: RRDBNetConfig(blocks=0)]
)
def test_shapes_that_no_network_has_are_refused(config):
    with pytest.raises(ValueError, match="must be"):
        config()
