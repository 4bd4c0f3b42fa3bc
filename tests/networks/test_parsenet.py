import json
from functools import cache

import numpy as np
import pytest
import torch

from doubles import REFERENCE, tensor_by_hash
from retrato.networks.parsenet import ParseNet, ParseNetConfig, Region
from retrato.weights.names.parsenet import parsenet_to_ours

NAMES = json.loads((REFERENCE / "companion_names.json").read_text())["parsenet"]
PUBLISHED = np.load(REFERENCE / "companions.npz")


@cache
def logits():
    ours = ParseNet().eval()
    ours.load_state_dict({parsenet_to_ours(name): tensor_by_hash(name, shape) for name, shape in NAMES})
    face = torch.from_numpy(PUBLISHED["picture"][10:74, 30:94]).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.inference_mode():
        return ours(face)


def test_each_published_name_is_used_once_and_each_of_ours_filled_once():
    with torch.device("meta"):
        own = ParseNet().state_dict()
    renamed = {parsenet_to_ours(name): tuple(shape) for name, shape in NAMES}
    assert len(renamed) == len(NAMES)
    assert renamed == {name: tuple(each.shape) for name, each in own.items()}


def test_the_logits_are_the_published_ones():
    expected = torch.from_numpy(PUBLISHED["parsenet.logits"])[None]
    torch.testing.assert_close(logits()[:, :, ::4, ::4], expected, rtol=1e-3, atol=0.05)  # they reach 4000


def test_the_regions_are_the_published_ones():
    assert (logits().argmax(1)[0].numpy() == PUBLISHED["parsenet.regions"]).mean() > 0.999


@pytest.mark.parametrize("config", [ParseNetConfig(64, 8, 4, 8, 1), ParseNetConfig(32, 32, 4, 8, 2)])
def test_a_smaller_network_says_as_much_for_each_pixel(config):
    faces = torch.zeros(2, 3, config.image_size, config.image_size)
    assert ParseNet(config)(faces).shape == (2, len(Region), config.image_size, config.image_size)


@pytest.mark.parametrize("name", ["encoder.1.conv3.conv2d.weight", "out_conv.conv2d.bias", "body.norm.weight"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(KeyError):
        parsenet_to_ours(name)
