import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from doubles import by_chance
from retrato.errors import UnusableWeights
from retrato.networks.mobilefacenet import MobileFaceNet, MobileFaceNetConfig
from retrato.restoration.likeness import LEAST_LIKENESS
from retrato.weights.bundle import BUNDLED_FILES, BundledFile
from retrato.weights.embedders import load_embedder, read_embedder
from retrato.weights.judges import load_mobilefacenet
from retrato.weights.store import StoredWeights, config_fields, read_weights, write_weights

TOOL = Path(__file__).parents[2] / "tools" / "bundle_weights.py"
TINY = MobileFaceNetConfig(4, (4, 4, 4, 4, 4), (1, 1, 1, 1, 1), last_channels=8)


@pytest.fixture
def network():
    network = MobileFaceNet(TINY).eval()
    network.load_state_dict({name: by_chance(name, each.shape) for name, each in network.state_dict().items()})
    return network


@pytest.fixture
def file(tmp_path, network):
    write_weights(tmp_path / "w.safetensors", stored(network))
    return tmp_path / "w.safetensors"


def stored(network):
    return StoredWeights("mobilefacenet", config_fields(network.config), network.state_dict(), {})


def test_a_file_embeds_as_what_was_written(file, network, faces):
    with torch.no_grad():
        torch.testing.assert_close(load_embedder(file)(faces), network(faces), rtol=0, atol=1e-5)


def test_what_is_for_use_learns_no_more_and_what_is_read_can(file):
    assert not any(each.requires_grad for each in load_embedder(file).parameters())
    assert all(each.requires_grad for each in read_embedder(file).parameters())


def test_weights_for_something_else_are_refused(tmp_path, network):
    write_weights(tmp_path / "w.safetensors", replace(stored(network), network="dcgan"))
    with pytest.raises(UnusableWeights, match="holds weights for dcgan, not an embedder"):
        load_embedder(tmp_path / "w.safetensors")


@pytest.mark.parametrize("change", [{"fold": 3}, {"channels": [4]}, {"channels": 4}, {"width": 1}])
def test_a_file_that_describes_no_embedder_is_refused(tmp_path, network, change):
    write_weights(tmp_path / "w.safetensors", replace(stored(network), config={**config_fields(TINY), **change}))
    with pytest.raises(UnusableWeights, match="does not describe a MobileFaceNet"):
        load_embedder(tmp_path / "w.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnusableWeights, match=r"nothing\.safetensors"):
        load_embedder(tmp_path / "nothing.safetensors")


def test_the_tool_bundles_an_embedder_in_half_precision(file, tmp_path, monkeypatch, faces):
    specification = importlib.util.spec_from_file_location("bundle", TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    bundled = BundledFile("embedder", str(tmp_path / "bundled.safetensors"), "", "")
    monkeypatch.setitem(tool.TARGETS, "mobilefacenet", bundled)
    tool.main(file)
    assert read_weights(bundled.path).tensors.keys() == read_weights(file).tensors.keys()
    torch.testing.assert_close(load_embedder(bundled.path)(faces), load_embedder(file)(faces), rtol=0, atol=5e-3)


def test_a_tool_s_source_of_another_kind_is_refused(tmp_path, network):
    specification = importlib.util.spec_from_file_location("bundle", TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    write_weights(tmp_path / "w.safetensors", replace(stored(network), network="dcgan"))
    with pytest.raises(SystemExit, match="is for dcgan"):
        tool.main(tmp_path / "w.safetensors")


@pytest.fixture
def bundled():
    return load_embedder()


MOST_BYTES = {"bundled": 25_000_000, "stylegan2-64-compact": 15_000_000, "mobilefacenet-compact": 2_000_000}
"""As much as each may add to what people install."""


def test_every_bundled_file_is_as_small_as_it_should_be_and_has_a_model_card():
    assert {each.name for each in BUNDLED_FILES} == MOST_BYTES.keys()
    for each in BUNDLED_FILES:
        assert each.path.stat().st_size <= MOST_BYTES[each.name]
        card = each.path.with_suffix(".md").read_text()
        assert all(heading in card for heading in ("How it was trained", "Data", "Figures", "Where it fails"))


BY_CHANCE = 2 / math.sqrt(128)
"""Two standard deviations of the cosine between directions by chance in 128 dimensions."""


def test_the_bundled_embedder_says_of_a_face_something_of_what_its_teacher_says(bundled, published, metric_pictures):
    published("mobilefacenet")
    with torch.no_grad():
        found, wanted = (each(metric_pictures["target"]) for each in (bundled, load_mobilefacenet()))
    assert (found * wanted).sum() > BY_CHANCE


@pytest.mark.parametrize("worse", ["blur2", "noise", "down4"])
def test_a_worse_picture_of_a_face_is_still_taken_for_the_person(bundled, metric_pictures, worse):
    with torch.no_grad():
        assert (bundled(metric_pictures["target"]) * bundled(metric_pictures[worse])).sum() > LEAST_LIKENESS
