import json
from functools import cache

import numpy as np
import pytest
import torch

from doubles import REFERENCE, tensor_by_hash
from retrato.networks.retinaface import STEPS, Backbone, RetinaFace, RetinaFaceConfig, anchors_of
from retrato.weights.names.retinaface import retinaface_to_ours

NAMES = json.loads((REFERENCE / "companion_names.json").read_text())
PUBLISHED = np.load(REFERENCE / "companions.npz")
BACKBONES = list(Backbone)


@cache
def network(backbone):
    ours = RetinaFace(RetinaFaceConfig(backbone)).eval()
    names = NAMES[f"retinaface-{backbone}"]
    ours.load_state_dict({retinaface_to_ours(name): tensor_by_hash(name, shape) for name, shape in names})
    return ours


@cache
def found(backbone):
    picture = torch.from_numpy(PUBLISHED["picture"]).permute(2, 0, 1)[None]
    with torch.inference_mode():
        return network(backbone)(picture / 127.5 - 1)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_each_published_name_is_used_once_and_each_of_ours_filled_once(backbone):
    with torch.device("meta"):
        own = RetinaFace(RetinaFaceConfig(backbone)).state_dict()
    renamed = {retinaface_to_ours(name): tuple(shape) for name, shape in NAMES[f"retinaface-{backbone}"]}
    assert len(renamed) == len(NAMES[f"retinaface-{backbone}"])
    assert renamed == {name: tuple(each.shape) for name, each in own.items()}


@pytest.mark.parametrize("kind", ["scores", "boxes", "landmarks"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_anchor_holds_what_the_published_one_does(backbone, kind):
    expected = torch.from_numpy(PUBLISHED[f"retinaface-{backbone}.{kind}"])[None]
    torch.testing.assert_close(getattr(found(backbone), kind), expected, rtol=2e-4, atol=2e-3)


@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (79, 118), (33, 200)])
def test_there_are_two_anchors_at_each_place_of_three_resolutions(shape):
    places = sum(-(-shape[0] // step) * -(-shape[1] // step) for step in STEPS)
    assert anchors_of(*shape).shape == (2 * places, 4)


def test_the_first_anchors_stand_in_the_corner_and_the_next_beside_them():
    assert anchors_of(64, 64)[:3].tolist() == [[4, 4, 16, 16], [4, 4, 32, 32], [12, 4, 16, 16]]


def test_names_may_begin_with_the_wrapper_of_several_gpus():
    assert retinaface_to_ours("module.body.layer1.0.bn3.bias") == "trunk.stages.0.0.widen.1.bias"


@pytest.mark.parametrize(
    "name", ["body.layer5.0.conv1.weight", "body.fc.weight", "ssh4.conv3X3.0.weight", "fpn.weight"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(KeyError):
        retinaface_to_ours(name)
