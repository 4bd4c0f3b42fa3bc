import onnx.reference
import pytest
import torch
import torch.nn.functional as F

from retrato.networks.imagenet import DEVIATION, MEAN
from retrato.networks.mobilefacenet import MobileFaceNet, recognition_crop
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
