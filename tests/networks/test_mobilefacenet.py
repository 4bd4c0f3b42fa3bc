from dataclasses import replace

import onnx.reference
import pytest
import torch
import torch.nn.functional as F

from retrato.networks.imagenet import DEVIATION, MEAN
from retrato.networks.mobilefacenet import HalvingFilter, MobileFaceNet, MobileFaceNetConfig, recognition_crop
from retrato.weights.files import read_torch
from retrato.weights.judges import fold_normalisation, load_mobilefacenet


def test_embeds_as_the_published_onnx_file_does(published, faces):
    onnx_file = published("mobilefacenet").with_name("mobilefacenet_foamliu.onnx")
    if not onnx_file.exists():
        pytest.skip("the published ONNX file is not beside the weights")
    large = F.interpolate(faces[:1], (256, 256), mode="bilinear")
    inputs = (recognition_crop(large)[0] / 2 + 0.5 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[
        :, None, None
    ]
    (expected,) = onnx.reference.ReferenceEvaluator(str(onnx_file)).run(None, {"input0": inputs[None].numpy()})
    expected = F.normalize(torch.from_numpy(expected))
    torch.testing.assert_close(load_mobilefacenet()(large), expected, rtol=0, atol=1e-4)


def test_embeddings_have_length_one(faces):
    with torch.no_grad():
        lengths = MobileFaceNet().eval()(faces).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(4))


def test_the_crop_holds_the_face_and_has_the_expected_size():
    faces = torch.zeros(1, 3, 512, 512)
    faces[:, :, 240, 193] = 1  # the left eye of the FFHQ template
    crop = recognition_crop(faces)
    row, column = divmod(int(crop[0, 0].argmax()), 112)
    assert (column, row) == (pytest.approx(38.3, abs=1.5), pytest.approx(51.7, abs=1.5))


def test_folding_normalisation_changes_nothing(faces):
    network = MobileFaceNet().eval()
    for name, each in network.named_buffers():
        if name.endswith("running_var"):
            each.uniform_(0.5, 2)
        elif name.endswith("running_mean"):
            each.uniform_(-0.5, 0.5)
    with torch.no_grad():
        before = network(faces)
        after = fold_normalisation(network)(faces)
    torch.testing.assert_close(before, after, rtol=1e-3, atol=1e-4)
    learning = network(faces.clone().requires_grad_())  # as an identity loss asks it
    torch.testing.assert_close(before, learning, rtol=1e-3, atol=1e-4)


NARROW = MobileFaceNetConfig(8, (8, 16, 16, 16, 16), (1, 1, 2, 1, 1), last_channels=32, fold=2)


def test_without_a_config_it_has_the_published_number_of_parameters(published):
    stored = read_torch(published("mobilefacenet"))
    counted = {name: each for name, each in stored.items() if not name.endswith("num_batches_tracked")}
    own = {
        name: each for name, each in MobileFaceNet().state_dict().items() if not name.endswith("num_batches_tracked")
    }
    assert sum(each.numel() for each in own.values()) == sum(each.numel() for each in counted.values())


def test_a_narrow_folded_one_embeds_faces_of_any_size(faces):
    network = MobileFaceNet(NARROW).eval()
    with torch.no_grad():
        small, large = (F.interpolate(faces, (size, size), mode="bilinear") for size in (150, 256))
        cosines = (network(small) * network(large)).sum(1)
    assert network(small).shape == (4, 128)
    assert cosines.min() > 0.99


def test_folding_halves_the_resolution_of_the_first_layers_alone(faces):
    sizes = {}
    for fold in (1, 2):
        network = MobileFaceNet(replace(NARROW, fold=fold)).eval()
        for name in ("depthwise", "blocks", "last"):
            layer = getattr(network, name)
            layer.register_forward_hook(lambda *call, key=(fold, name): sizes.update({key: call[2].shape[-1]}))
        network(faces)
    assert [sizes[1, name] for name in ("depthwise", "blocks", "last")] == [56, 7, 7]
    assert [sizes[2, name] for name in ("depthwise", "blocks", "last")] == [28, 7, 7]


@pytest.mark.parametrize("size", [7, 8])
def test_a_halving_filter_gives_the_same_whether_something_learns_or_not(size):
    torch.manual_seed(0)
    layer = HalvingFilter(3)
    features = torch.randn(2, 3, size, size)
    strided = F.conv2d(features, layer.weight, stride=2, padding=1, groups=3)
    learning = features.clone().requires_grad_()
    torch.testing.assert_close(layer(features), strided)
    torch.testing.assert_close(layer(learning), strided)


def test_the_gradient_of_a_halving_filter_is_that_of_a_strided_one():
    torch.manual_seed(0)
    layer = HalvingFilter(3).double()
    features = torch.randn(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (features,))
    strided = F.conv2d(features, layer.weight, stride=2, padding=1, groups=3)
    expected = torch.autograd.grad(strided.square().sum(), (features, layer.weight))
    found = torch.autograd.grad(layer(features).square().sum(), (features, layer.weight))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("wrong", [{"fold": 3}, {"first_channels": 0}, {"blocks": (1, 1, 0, 1, 1)}])
def test_a_shape_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="found"):
        MobileFaceNetConfig(**wrong)
