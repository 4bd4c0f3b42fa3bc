import json

import pytest
import torch

from doubles import REFERENCE, by_chance
from retrato.networks.inception import Inception
from retrato.weights import judges
from retrato.weights.names.inception import inception_to_ours, tensorflow_inception_to_ours

EXPECTED = json.loads((REFERENCE / "metric_networks.json").read_text())
STEP = {2048: 64, 768: 24}
"""Every so-manyth feature stands in the reference."""


@pytest.fixture(scope="module")
def published_tensors():
    """Of pytorch-fid's names and shapes, with values by chance."""
    shapes = json.loads((REFERENCE / "inception_names.json").read_text())
    return {name: by_chance(name, shape) for name, shape in shapes}


@pytest.fixture(scope="module")
def ours(published_tensors):
    return inception_to_ours(published_tensors)


@pytest.mark.parametrize("count", [2048, 768])
def test_gives_the_features_that_pytorch_fid_gives(ours, two_pairs, count):
    network = Inception(count).requires_grad_(False)
    network.load_state_dict({name: ours[name] for name in network.state_dict()})
    expected = torch.tensor(EXPECTED[f"inception-{count}"])
    torch.testing.assert_close(network(two_pairs[0])[:, :: STEP[count]], expected, rtol=1e-3, atol=1e-4)


def test_each_tensor_of_ours_comes_from_a_published_one(ours):
    with torch.device("meta"):
        own = Inception().state_dict()
    assert {name: each.shape for name, each in ours.items()} == {name: each.shape for name, each in own.items()}


def test_an_unknown_tensor_is_refused(published_tensors):
    with pytest.raises(KeyError, match="Mixed_8a"):
        inception_to_ours(published_tensors | {"Mixed_8a.branch1x1.conv.bias": torch.zeros(1)})


def test_the_published_part_gives_what_pytorch_fid_gives_with_its_weights(published, metric_pictures):
    published("inception-2015-768")
    pictures = torch.cat([metric_pictures[name][..., :256, :256] for name in ("target", "blur2")])
    expected = torch.tensor(EXPECTED["inception-768-published"])
    torch.testing.assert_close(judges.load_inception(768)(pictures)[:, ::24], expected, rtol=1e-3, atol=1e-4)


def test_the_whole_file_gives_the_smaller_features_too(published_tensors, monkeypatch, two_pairs):
    monkeypatch.setattr(judges, "find_here", lambda _: None)
    monkeypatch.setattr(judges, "find_weights", lambda name: name)
    monkeypatch.setattr(judges, "read_torch", {"inception-2015": published_tensors}.__getitem__)
    expected = torch.tensor(EXPECTED["inception-768"])
    torch.testing.assert_close(judges.load_inception(768)(two_pairs[0])[:, ::24], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("published_name", "name"),
    [
        ("conv.bias", "stem.0.bias"),
        ("mixed_tower_1_conv_2.weight", "blocks.0.branches.2.2.weight"),
        ("mixed_3_tower_conv.weight", "blocks.3.branches.1.0.weight"),
        ("mixed_7_tower_2_conv.bias", "blocks.7.pooled.bias"),
    ],
)
def test_tensorflow_s_towers_are_branches(published_name, name):
    assert tensorflow_inception_to_ours(published_name) == name


def test_pictures_of_any_size_are_seen():
    assert Inception(768)(torch.zeros(1, 3, 40, 70)).shape == (1, 768)
