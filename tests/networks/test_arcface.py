import json
from collections.abc import Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from doubles import REFERENCE
from retrato.networks.arcface import ArcFace, grey_faces
from retrato.weights import judges
from retrato.weights.names.arcface import arcface_to_ours


@pytest.fixture(scope="module")
def published_tensors():
    """Tensors of the published names and shapes, with values by chance."""
    rng = torch.Generator().manual_seed(0)
    shapes = json.loads((REFERENCE / "arcface_names.json").read_text())["arcface"]
    return {name: tensor_by_chance(name, shape, rng) for name, shape in shapes}


def tensor_by_chance(name, shape, rng):
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    values = torch.randn(shape, generator=rng)
    if len(shape) > 1:
        return values * (2 / values[0].numel()) ** 0.5
    return values.abs() + 0.5 if name.endswith("running_var") else 0.3 * values + (0.8 if "weight" in name else 0)


@pytest.fixture(scope="module")
def network(published_tensors):
    ours = ArcFace().eval().requires_grad_(False)
    ours.load_state_dict({arcface_to_ours(name): each for name, each in published_tensors.items()})
    return ours


def published_forward(tensors: Mapping[str, Tensor], grey: Tensor) -> Tensor:
    """The published network written out, by its own names."""

    def norm(values: Tensor, name: str) -> Tensor:
        statistics = (tensors[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(values, *statistics)

    def conv(values: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = tensors[f"{name}.weight"]
        return F.conv2d(values, weight, stride=stride, padding=weight.shape[-1] // 2)

    values = F.prelu(norm(conv(grey, "conv1"), "bn1"), tensors["prelu.weight"])
    values = F.max_pool2d(values, 2)
    for layer in (1, 2, 3, 4):
        for index in (0, 1):
            name, stride = f"layer{layer}.{index}", 2 if layer > 1 and index == 0 else 1
            inner = norm(conv(norm(values, f"{name}.bn0"), f"{name}.conv1"), f"{name}.bn1")
            inner = norm(conv(F.prelu(inner, tensors[f"{name}.prelu.weight"]), f"{name}.conv2", stride), f"{name}.bn2")
            if stride == 2:
                values = norm(conv(values, f"{name}.downsample.0", stride), f"{name}.downsample.1")
            values = F.prelu(values + inner, tensors[f"{name}.prelu.weight"])
    return norm(F.linear(norm(values, "bn4").flatten(1), tensors["fc5.weight"], tensors["fc5.bias"]), "bn5")


def test_each_published_name_is_used_once_and_each_of_ours_filled_once(published_tensors):
    with torch.device("meta"):
        own = ArcFace().state_dict()
    renamed = {arcface_to_ours(name): each.shape for name, each in published_tensors.items()}
    assert len(renamed) == len(published_tensors)
    assert renamed == {name: each.shape for name, each in own.items()}


def test_embeds_as_the_published_network_does(network, published_tensors, faces):
    large = F.interpolate(faces[:2], (256, 256), mode="bilinear")
    red, green, blue = large.unbind(1)
    grey = F.interpolate((0.2989 * red + 0.587 * green + 0.114 * blue)[:, None], (128, 128), mode="bilinear")
    torch.testing.assert_close(network(large), published_forward(published_tensors, grey), rtol=1e-3, atol=1e-3)


def test_faces_of_any_size_are_embedded_as_512_numbers(network, faces):
    assert network(faces[:1]).shape == (1, 512)


def test_the_grey_face_keeps_its_brightness():
    assert grey_faces(torch.ones(1, 3, 200, 200)).mean().item() == pytest.approx(0.9999, abs=1e-5)


def test_names_may_begin_with_the_wrapper_of_several_gpus():
    assert arcface_to_ours("module.layer4.1.bn2.bias") == "blocks.7.conv2.1.bias"


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        arcface_to_ours("layer5.0.conv1.weight")


def test_a_published_file_is_read_and_its_normalisation_folded(
    network, published_tensors, faces, tmp_path, monkeypatch
):
    torch.save({f"module.{name}": each for name, each in published_tensors.items()}, tmp_path / "arcface_resnet18.pth")
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    loaded = judges.load_arcface()
    assert not any(each.requires_grad for each in loaded.parameters())
    torch.testing.assert_close(loaded(faces[:1]), network(faces[:1]), rtol=1e-3, atol=1e-3)
