import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from doubles import by_chance
from retrato.networks.adaface import AdaFace, Depth
from retrato.networks.mobilefacenet import recognition_crop
from retrato.weights import judges
from retrato.weights.names.adaface import adaface_to_ours

STAGES = {Depth.IR_50: (3, 4, 14, 3), Depth.IR_101: (3, 13, 30, 3)}
CHANNELS = (64, 128, 256, 512)


def norm_shapes(name, channels, affine=True):
    parts = ("weight", "bias", "running_mean", "running_var") if affine else ("running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts} | {f"{name}.num_batches_tracked": ()}


def published_shapes(depth):
    """Names and shapes of the published checkpoint's network, written out from its description."""
    shapes = {"input_layer.0.weight": (64, 3, 3, 3), **norm_shapes("input_layer.1", 64), "input_layer.2.weight": (64,)}
    index, before = 0, 64
    for channels, count in zip(CHANNELS, STAGES[depth], strict=True):
        for _ in range(count):
            block = f"body.{index}"
            if before != channels:
                shapes[f"{block}.shortcut_layer.0.weight"] = (channels, before, 1, 1)
                shapes |= norm_shapes(f"{block}.shortcut_layer.1", channels)
            shapes |= norm_shapes(f"{block}.res_layer.0", before)
            shapes[f"{block}.res_layer.1.weight"] = (channels, before, 3, 3)
            shapes |= norm_shapes(f"{block}.res_layer.2", channels)
            shapes[f"{block}.res_layer.3.weight"] = (channels,)
            shapes[f"{block}.res_layer.4.weight"] = (channels, channels, 3, 3)
            shapes |= norm_shapes(f"{block}.res_layer.5", channels)
            index, before = index + 1, channels
    shapes |= norm_shapes("output_layer.0", 512)
    shapes |= {"output_layer.3.weight": (512, 25088), "output_layer.3.bias": (512,)}
    return shapes | norm_shapes("output_layer.4", 512, affine=False)


def published_forward(tensors: dict[str, Tensor], crops: Tensor, depth: Depth) -> Tensor:
    """The published network written out, by its own names; crops are blue, green, red."""

    def norm(values, name):
        gain, offset = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
        return F.batch_norm(values, tensors[f"{name}.running_mean"], tensors[f"{name}.running_var"], gain, offset)

    def conv(values, name, stride=1, padding=1):
        return F.conv2d(values, tensors[f"{name}.weight"], stride=stride, padding=padding)

    values = norm(conv(crops, "input_layer.0"), "input_layer.1")
    values = F.prelu(values, tensors["input_layer.2.weight"])
    index = 0
    for count in STAGES[depth]:
        for place in range(count):
            name, stride = f"body.{index}", 2 if place == 0 else 1
            shortcut = values[..., ::stride, ::stride]
            if f"{name}.shortcut_layer.0.weight" in tensors:
                shortcut = norm(conv(values, f"{name}.shortcut_layer.0", stride, 0), f"{name}.shortcut_layer.1")
            inner = conv(norm(values, f"{name}.res_layer.0"), f"{name}.res_layer.1")
            inner = F.prelu(norm(inner, f"{name}.res_layer.2"), tensors[f"{name}.res_layer.3.weight"])
            values = norm(conv(inner, f"{name}.res_layer.4", stride), f"{name}.res_layer.5") + shortcut
            index += 1
    values = norm(values, "output_layer.0").flatten(1)
    values = norm(F.linear(values, tensors["output_layer.3.weight"], tensors["output_layer.3.bias"]), "output_layer.4")
    return values / values.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("depth", Depth)
def test_each_published_name_is_used_once_and_each_of_ours_filled_once(depth):
    with torch.device("meta"):
        own = AdaFace(depth).state_dict()
    shapes = published_shapes(depth)
    renamed = {adaface_to_ours(f"model.{name}"): torch.Size(shape) for name, shape in shapes.items()}
    assert len(renamed) == len(shapes)
    assert renamed == {name: each.shape for name, each in own.items()}


def test_embeds_as_the_published_network_does(two_pairs, monkeypatch):
    tensors = {name: by_chance(name, shape) for name, shape in published_shapes(Depth.IR_50).items()}
    stored = {f"model.{name}": each for name, each in tensors.items()} | {"head.kernel": torch.zeros(512, 3)}
    monkeypatch.setattr(judges, "find_weights", lambda name: name)
    monkeypatch.setattr(judges, "read_torch", {"adaface-ir50": stored}.__getitem__)
    faces = two_pairs[0][:1]
    expected = published_forward(tensors, recognition_crop(faces)[:, [2, 1, 0]], Depth.IR_50)
    torch.testing.assert_close(judges.load_adaface(Depth.IR_50)(faces), expected, rtol=1e-3, atol=1e-4)


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        adaface_to_ours("model.body.0.res_layer.6.weight")
