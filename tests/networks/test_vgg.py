import pytest
import torch
from torch import nn

from retrato.networks.vgg import VGG19, VGGLayer
from retrato.weights.judges import load_vgg19
from retrato.weights.names.vgg import vgg19_to_ours

COLUMN_E = (64, 64, "M", 128, 128, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M")
"""Convolutions and poolings of VGG-19 (Simonyan and Zisserman, 2015, table 1)."""


@pytest.fixture(scope="module")
def published_trunk():
    """The published sequence, with weights by chance."""
    torch.manual_seed(0)
    layers, before = [], 3
    for each in COLUMN_E:
        if each == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(before, each, 3, padding=1), nn.ReLU()]
            nn.init.kaiming_normal_(layers[-2].weight)
            before = each
    return nn.Sequential(*layers).requires_grad_(False)


@pytest.fixture(scope="module")
def network(published_trunk):
    ours = VGG19().requires_grad_(False)
    ours.load_state_dict(
        {vgg19_to_ours(f"features.{name}"): each for name, each in published_trunk.state_dict().items()}
    )
    return ours


def test_gives_what_the_published_sequence_gives_before_each_relu(network, published_trunk, faces):
    current = faces[:1, :, ::2, ::2] / 2 + 0.5
    current = (current - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    expected = []
    for layer in published_trunk:
        current = layer(current)
        if isinstance(layer, nn.Conv2d):
            expected.append(current)
    found = network(faces[:1, :, ::2, ::2], list(VGGLayer))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_layers_come_in_the_order_asked(network, faces):
    coarse, fine = network(faces[:1], [VGGLayer.CONV3_1, VGGLayer.CONV1_2])
    assert (coarse.shape, fine.shape) == ((1, 256, 16, 16), (1, 64, 64, 64))


def test_nothing_beyond_the_last_layer_is_computed(network, faces):
    computed = []
    hooks = [
        each.register_forward_hook(lambda *_, name=name: computed.append(name))
        for name, each in network.convolutions.items()
    ]
    network(faces[:1], [VGGLayer.CONV2_1])
    for each in hooks:
        each.remove()
    assert computed == ["conv1_1", "conv1_2", "conv2_1"]


def test_gradients_go_back_to_the_pictures_alone(network, faces):
    pictures = faces[:1].clone().requires_grad_()
    network(pictures, [VGGLayer.CONV1_2])[0].sum().backward()
    assert pictures.grad.abs().max() > 0


def test_the_classifier_is_refused():
    with pytest.raises(KeyError):
        vgg19_to_ours("classifier.0.weight")


def test_the_published_network_tells_pictures_apart(published, faces):
    published("vgg19")
    (features,) = load_vgg19()(faces, [VGGLayer.CONV5_4])
    assert features.relu().mean() > 0
    assert (features[0] - features[1]).abs().mean() > 0.1
