import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from doubles import TINY
from retrato.errors import UnknownWeights, UnusableWeights
from retrato.networks.gfpgan import GFPGAN
from retrato.weights.files import read_torch
from retrato.weights.load import load_gfpgan
from retrato.weights.store import StoredWeights, config_fields, read_weights, write_weights


@pytest.fixture
def stored():
    torch.manual_seed(0)
    return StoredWeights("gfpgan", config_fields(TINY), GFPGAN(TINY).state_dict(), {"recipe": "tiny"})


def test_what_is_written_is_read(stored, tmp_path):
    write_weights(tmp_path / "w.safetensors", stored)
    read = read_weights(tmp_path / "w.safetensors")
    assert (read.network, read.config, read.story) == (stored.network, stored.config, stored.story)
    assert all(torch.equal(read.tensors[name], tensor) for name, tensor in stored.tensors.items())


def test_a_network_restores_the_same_after_a_round_trip(stored, tmp_path, faces):
    write_weights(tmp_path / "w.safetensors", stored)
    network = GFPGAN(TINY)
    network.load_state_dict(stored.tensors)
    small = faces[:, :, ::2, ::2]
    assert torch.equal(load_gfpgan(tmp_path / "w.safetensors").restore(small), network.restore(small))


def test_a_file_from_before_resampling_could_be_chosen_is_bilinear(stored, tmp_path):
    prior = {name: value for name, value in PRIOR.items() if name != "resampling"}
    write_weights(tmp_path / "w.safetensors", replace(stored, config={**stored.config, "prior": prior}))
    assert load_gfpgan(tmp_path / "w.safetensors").config == TINY


def test_half_precision_halves_the_file(stored, tmp_path):
    write_weights(tmp_path / "full.safetensors", stored)
    write_weights(tmp_path / "half.safetensors", stored, torch.float16)
    full, half = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "half"))
    assert half < 0.7 * full


def test_half_precision_keeps_counts_to_the_last(tmp_path):
    """float16 has no 2,049 and no 70,000, and batch normalisation counts its batches."""
    counts = {"odd": torch.tensor(2049), "large": torch.tensor(70_000)}
    write_weights(tmp_path / "w.safetensors", StoredWeights("dcgan", {}, counts, {}), torch.float16)
    assert read_weights(tmp_path / "w.safetensors").tensors == counts


def test_nothing_is_left_beside_the_file(stored, tmp_path):
    write_weights(tmp_path / "w.safetensors", stored)
    assert [each.name for each in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize("content", [b"", b"not weights", b"\xff" * 64])
def test_broken_files_are_refused(tmp_path, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(UnusableWeights, match="not a whole safetensors file"):
        read_weights(tmp_path / "w.safetensors")


def test_a_truncated_file_is_refused(stored, tmp_path):
    path = tmp_path / "w.safetensors"
    write_weights(path, stored)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnusableWeights):
        load_gfpgan(path)


def test_foreign_safetensors_are_refused(tmp_path):
    save_file({"weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(UnusableWeights, match="not one of retrato's"):
        load_gfpgan(tmp_path / "w.safetensors")


def test_weights_of_another_network_are_refused(stored, tmp_path):
    other = StoredWeights("unheard-of", stored.config, stored.tensors, {})
    write_weights(tmp_path / "w.safetensors", other)
    with pytest.raises(UnusableWeights, match="unheard-of"):
        load_gfpgan(tmp_path / "w.safetensors")


PRIOR = config_fields(TINY)["prior"]


@pytest.mark.parametrize("change", [{"keep_input": False}, {"prior": PRIOR | {"image_size": 64}}])
def test_tensors_that_do_not_fit_the_config_are_refused(stored, tmp_path, change):
    write_weights(tmp_path / "w.safetensors", replace(stored, config={**stored.config, **change}))
    with pytest.raises(UnusableWeights, match="does not fit"):
        load_gfpgan(tmp_path / "w.safetensors")


IMPOSSIBLE = [
    ("image_size", 2**40),
    ("image_size", 257),
    ("image_size", 256.0),
    ("image_size", -256),
    ("image_size", True),
    ("fold", 0),
    ("fold", 16),
    ("channel_max", 0),
    ("channel_base", 10**9),
    ("mapping_layers", 10**7),
    ("style_size", "8"),
    ("resampling", "lanczos"),
    ("resampling", None),
    ("resampling", ["fir"]),
]


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"prior": 3},
        {"prior": {"image_size": 64, "fold": 0}},
        {"keep_input": "no"},
        {"self_ensemble": 1},
        *({"prior": PRIOR | {name: value}} for name, value in IMPOSSIBLE),
    ],
)
def test_a_config_of_no_possible_network_is_refused(stored, tmp_path, change):
    write_weights(tmp_path / "w.safetensors", replace(stored, config={**stored.config, **change}))
    with pytest.raises(UnusableWeights, match="does not describe"):
        load_gfpgan(tmp_path / "w.safetensors")


def test_a_large_network_that_a_small_file_claims_takes_no_memory(stored, tmp_path):
    huge = PRIOR | {"channel_max": 4096, "channel_base": 1 << 20, "image_size": 4096, "fold": 1}
    write_weights(tmp_path / "w.safetensors", replace(stored, config={**stored.config, "prior": huge}))
    with pytest.raises(UnusableWeights, match="does not fit"):
        load_gfpgan(tmp_path / "w.safetensors")


def test_weights_that_are_not_numbers_are_refused(stored, tmp_path):
    stored.tensors["unet.first.bias"][0] = float("nan")
    write_weights(tmp_path / "w.safetensors", stored)
    with pytest.raises(UnusableWeights, match="not numbers"):
        load_gfpgan(tmp_path / "w.safetensors")


def test_a_damaged_config_is_refused(stored, tmp_path):
    save_file(dict(stored.tensors), tmp_path / "w.safetensors", {"format": "retrato", "config": "{"})
    with pytest.raises(UnusableWeights, match="damaged header"):
        read_weights(tmp_path / "w.safetensors")


def test_an_unknown_name_says_what_is_known():
    with pytest.raises(UnknownWeights, match="bundled"):
        load_gfpgan("best")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnusableWeights, match=r"gone\.safetensors"):
        load_gfpgan(tmp_path / "gone.safetensors")


def test_torch_files_with_anything_but_tensors_are_refused(tmp_path):
    torch.save({"run": json.JSONDecoder}, tmp_path / "w.pt")
    with pytest.raises(UnusableWeights, match="not a readable file of tensors"):
        read_torch(tmp_path / "w.pt")
    torch.save({"weight": [1, 2]}, tmp_path / "w.pt")
    with pytest.raises(UnusableWeights, match="other things"):
        read_torch(tmp_path / "w.pt")
