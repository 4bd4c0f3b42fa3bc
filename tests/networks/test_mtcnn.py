import importlib.util
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from retrato.networks.mtcnn import MTCNN, OUTPUT_SIZE, REFINEMENT_SIZE, WINDOW_SIZE, WINDOW_STEP

BUNDLED = files("retrato.weights") / "bundled/mtcnn.safetensors"
CONVERTER = Path(__file__).parents[2] / "tools/convert_mtcnn.py"


@pytest.fixture(scope="module")
def network() -> MTCNN:
    network = MTCNN().eval()
    network.load_state_dict(load(BUNDLED.read_bytes()))
    return network


@pytest.fixture(scope="module")
def converter() -> ModuleType:
    pytest.importorskip("joblib")
    specification = importlib.util.spec_from_file_location("convert_mtcnn", CONVERTER)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def random_pictures(count: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


@torch.no_grad()
def test_the_proposal_network_sees_one_window_in_twelve_pixels(network):
    probabilities, offsets = network.proposal(random_pictures(2, WINDOW_SIZE, WINDOW_SIZE))
    assert probabilities.shape == (2, 1, 1)
    assert offsets.shape == (2, 4, 1, 1)


@torch.no_grad()
def test_windows_are_two_pixels_apart(network):
    pictures = random_pictures(1, 40, 33)
    everywhere, _ = network.proposal(pictures)
    row, column = 5, 7
    top, left = WINDOW_STEP * row, WINDOW_STEP * column
    window = pictures[..., top : top + WINDOW_SIZE, left : left + WINDOW_SIZE]
    assert torch.allclose(network.proposal(window)[0][0, 0, 0], everywhere[0, row, column], atol=1e-6)


@torch.no_grad()
def test_pooling_rounds_up_as_in_the_published_networks(network):
    probabilities, _ = network.proposal(random_pictures(1, 41, 42))
    assert probabilities.shape == (1, 16, 16)  # 41 px: 39 after the first layer, 20 after pooling


@torch.no_grad()
def test_the_output_network_gives_five_points(network):
    probabilities, offsets, points = network.output(random_pictures(3, OUTPUT_SIZE, OUTPUT_SIZE))
    assert (probabilities.shape, offsets.shape, points.shape) == ((3,), (3, 4), (3, 5, 2))


@torch.no_grad()
def test_noise_is_no_face(network):
    pictures = random_pictures(4, OUTPUT_SIZE, OUTPUT_SIZE)
    small = torch.nn.functional.interpolate(pictures, size=REFINEMENT_SIZE, mode="area")
    assert network.output(pictures)[0].max() < 0.1
    assert network.refinement(small)[0].max() < 0.5


def test_the_weights_say_where_they_come_from():
    with safe_open(str(BUNDLED), "numpy") as weights:
        assert weights.metadata() == {
            "network": "mtcnn",
            "source": "https://pypi.org/project/mtcnn/1.0.0/",
            "licence": "MIT",
        }


def test_the_weights_are_those_of_the_published_package(converter):
    try:
        assert version("mtcnn") == "1.0.0"
    except PackageNotFoundError:
        pytest.skip("the package mtcnn is not installed")
    published, ours = converter.published_weights(), load(BUNDLED.read_bytes())
    assert published.keys() == ours.keys()
    assert all(torch.equal(published[name], ours[name]) for name in published)


def test_a_dense_layer_reads_columns_first_as_published(converter):
    rng = np.random.default_rng(0)
    features, kernel = rng.random((2, 3, 3)), rng.random((3 * 3 * 2, 5))  # C, H, W; inputs, outputs
    published = features.transpose(2, 1, 0).ravel() @ kernel
    ours = converter.in_torch_order("trunk.7.weight", torch.from_numpy(kernel)) @ torch.from_numpy(features.ravel())
    assert np.allclose(ours.numpy(), published)
