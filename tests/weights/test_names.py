import json

import pytest
import torch

from doubles import REFERENCE
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.weights.names.gfpgan import clean_to_ours


@pytest.fixture(scope="module")
def published_shapes():
    return dict(json.loads((REFERENCE / "published_names.json").read_text())["gfpgan-v1.2/v1.3/v1.4 (clean)"])


@pytest.fixture(scope="module")
def our_shapes():
    with torch.device("meta"):
        network = GFPGAN(GFPGANConfig())
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def test_each_published_name_is_used_once_and_each_of_ours_filled_once(published_shapes, our_shapes):
    renamed = [clean_to_ours(name) for name in published_shapes]
    assert sorted(renamed) == sorted(our_shapes)


def test_sizes_agree_with_the_published_ones(published_shapes, our_shapes):
    differing = {
        name: shape
        for name, shape in published_shapes.items()
        if torch.Size(shape).numel() != our_shapes[clean_to_ours(name)].numel()
    }
    assert differing == {}


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        clean_to_ours("conv_body_last.weight")
