import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from doubles import REFERENCE, TINY, published_weights
from retrato.errors import UnusableWeights
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator, in_every_layer
from retrato.weights import load
from retrato.weights.load import describe_weights, load_gfpgan, load_stylegan2
from retrato.weights.names.kinds import Kind
from retrato.weights.store import StoredWeights, config_fields, write_weights

SMALL = StyleGAN2Config(32, 8, 128, 8, mapping_layers=1, resampling=Resampling.FIR)


def hold_the_same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def original():
    return published_weights("gfpgan_original.safetensors")


@pytest.mark.parametrize("kind", Kind)
def test_published_files_of_every_kind_restore_as_published(kind, tmp_path):
    torch.save({"params_ema": published_weights(f"gfpgan_{kind}.safetensors")}, tmp_path / "w.pth")
    reference = load_file(REFERENCE / f"gfpgan_{kind}.safetensors")
    with torch.no_grad():
        faces = load_gfpgan(tmp_path / "w.pth").restore(reference["input.faces"])
    torch.testing.assert_close(faces, reference["output.restored"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", Kind)
def test_published_files_are_described_by_name_and_kind(kind, tmp_path):
    torch.save(published_weights(f"gfpgan_{kind}.safetensors"), tmp_path / "GFPGANv9.pth")
    assert describe_weights(tmp_path / "GFPGANv9.pth") == f"published weights GFPGANv9.pth ({kind})"


def test_sizes_are_read_from_the_tensors(original, tmp_path):
    torch.save(original, tmp_path / "w.pth")
    assert load_gfpgan(tmp_path / "w.pth").config.prior == StyleGAN2Config(
        image_size=64,
        style_size=32,
        channel_base=1024,
        channel_max=32,
        mapping_layers=2,
        resampling=Resampling.FIR,
    )


def test_averaged_weights_are_preferred_to_the_last(original, tmp_path):
    zeros = {name: torch.zeros_like(tensor) for name, tensor in original.items()}
    torch.save({"params": zeros, "params_ema": original}, tmp_path / "both.pth")
    torch.save({"params": original}, tmp_path / "last.pth")
    torch.save(original, tmp_path / "plain.pth")
    both, last, plain = (load_gfpgan(tmp_path / f"{name}.pth") for name in ("both", "last", "plain"))
    assert hold_the_same(both, last)
    assert hold_the_same(both, plain)


def test_a_published_layout_may_stand_in_safetensors(original, tmp_path):
    save_file(original, tmp_path / "w.safetensors", {"format": "pt"})
    torch.save(original, tmp_path / "w.pth")
    assert hold_the_same(load_gfpgan(tmp_path / "w.safetensors"), load_gfpgan(tmp_path / "w.pth"))
    assert "original" in describe_weights(tmp_path / "w.safetensors")


def test_half_precision_files_are_computed_in_full(original, tmp_path):
    torch.save({name: tensor.half() for name, tensor in original.items()}, tmp_path / "w.pth")
    assert {tensor.dtype for tensor in load_gfpgan(tmp_path / "w.pth").state_dict().values()} == {torch.float32}


def test_a_catalog_name_stands_for_its_file(original, tmp_path, monkeypatch):
    torch.save(original, tmp_path / "GFPGANv1.pth")
    monkeypatch.setattr(load, "find_weights", {"gfpgan-v1": tmp_path / "GFPGANv1.pth"}.__getitem__)
    assert load_gfpgan("gfpgan-v1").config.image_size == 64
    assert describe_weights("gfpgan-v1") == "published weights GFPGANv1.pth (original)"


def test_the_published_stylegan2_draws_as_published(tmp_path):
    torch.save({"params_ema": published_weights("stylegan2_generator.safetensors")}, tmp_path / "w.pth")
    reference = load_file(REFERENCE / "stylegan2_generator.safetensors")
    network = load_stylegan2(tmp_path / "w.pth").requires_grad_(False)
    pictures = network(in_every_layer(network.mapping(reference["input.z"]), network.config.style_layers))
    torch.testing.assert_close(pictures, reference["output.image"], rtol=0, atol=2e-5)


def test_our_stylegan2_draws_the_same_after_a_round_trip(tmp_path):
    network = StyleGAN2Generator(SMALL).requires_grad_(False)
    write_weights(
        tmp_path / "w.safetensors", StoredWeights("stylegan2", config_fields(SMALL), network.state_dict(), {})
    )
    read = load_stylegan2(tmp_path / "w.safetensors").requires_grad_(False)
    styles = torch.ones(1, SMALL.style_layers, SMALL.style_size)
    assert read.config == SMALL
    assert torch.equal(read(styles), network(styles))


def test_a_gfpgan_with_fir_is_the_same_after_a_round_trip(tmp_path, faces):
    config = replace(TINY, prior=replace(TINY.prior, resampling=Resampling.FIR))
    network = GFPGAN(config)
    write_weights(tmp_path / "w.safetensors", StoredWeights("gfpgan", config_fields(config), network.state_dict(), {}))
    read = load_gfpgan(tmp_path / "w.safetensors")
    assert read.config == config
    assert torch.equal(read.restore(faces[:, :, ::2, ::2]), network.restore(faces[:, :, ::2, ::2]))


def test_one_network_is_not_taken_for_the_other(original, tmp_path):
    torch.save(original, tmp_path / "gfpgan.pth")
    torch.save(published_weights("stylegan2_generator.safetensors"), tmp_path / "stylegan2.pth")
    with pytest.raises(UnusableWeights, match="weights for GFP-GAN, not for StyleGAN2"):
        load_stylegan2(tmp_path / "gfpgan.pth")
    with pytest.raises(UnusableWeights, match="weights for StyleGAN2, not for GFP-GAN"):
        load_gfpgan(tmp_path / "stylegan2.pth")


def test_files_of_other_networks_are_refused(tmp_path):
    torch.save(published_weights("stylegan2_discriminator.safetensors"), tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match="no GFP-GAN and no StyleGAN2"):
        load_gfpgan(tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match="no GFP-GAN and no StyleGAN2"):
        describe_weights(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "name",
    [
        "final_linear.bias",
        "conv_body_down.2.conv2.1.weight",
        "stylegan_decoder.noises.noise0",
        "stylegan_decoder.to_rgbs.3.bias",
        "stylegan_decoder.to_rgbs.3.modulated_conv.weight",
        "stylegan_decoder.style_conv1.activate.bias",
        "stylegan_decoder.style_conv1.modulated_conv.modulation.weight",
    ],
)
def test_a_file_without_one_of_its_tensors_is_refused(original, tmp_path, name):
    del original[name]
    torch.save(original, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_gfpgan(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("conv_body_last.weight", torch.zeros(1)),
        ("conv_body_first.weight", torch.zeros(8, 3, 1, 1)),
        ("final_linear.bias", torch.zeros(7)),
        ("final_linear.bias", torch.full((320,), torch.nan)),
        ("final_linear.bias", torch.zeros(1).expand(1 << 40)),
        ("toRGB.0.weight", torch.zeros(3, 0)),
        ("stylegan_decoder.constant_input.weight", torch.zeros(())),
        ("stylegan_decoder.constant_input.weight", torch.zeros(1, 10_000, 1, 1)),
        ("stylegan_decoder.to_rgbs.60.bias", torch.zeros(1, 3, 1, 1)),
        ("stylegan_decoder.style_mlp.0.weight", torch.zeros(32, 32)),
    ],
)
def test_a_file_with_a_tensor_of_no_such_network_is_refused(original, tmp_path, name, tensor):
    torch.save({**original, name: tensor}, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match=r"w\.pth"):
        load_gfpgan(tmp_path / "w.pth")


@pytest.mark.parametrize("kept", [0, 10, 5000, -100])
def test_a_truncated_torch_file_is_refused(original, tmp_path, kept):
    path = tmp_path / "w.pth"
    torch.save(original, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnusableWeights, match="not a readable file of tensors"):
        load_gfpgan(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"<html>log in</html>", "PyTorch wrote no such file"),
        (b"PK\x03\x04" + bytes(100), "its end is missing"),
        (b"\x80\x02" + bytes(100), "it is damaged"),
    ],
)
def test_what_is_wrong_with_a_torch_file_is_said_in_our_words(tmp_path, content, reason):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UnusableWeights, match=f"not a readable file of tensors: {reason}; get a whole copy of it$"):
        load_gfpgan(tmp_path / "w.pth")


def test_a_file_whose_middle_is_damaged_is_said_to_be(original, tmp_path):
    torch.save(original, tmp_path / "w.pth")
    content = bytearray((tmp_path / "w.pth").read_bytes())
    content[60:400] = bytes(340)
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UnusableWeights, match="it is damaged; get a whole copy"):
        load_gfpgan(tmp_path / "w.pth")


def test_a_file_that_could_run_programs_is_refused_without_advice_to_run_them(tmp_path):
    torch.save({"run": json.JSONDecoder}, tmp_path / "w.pth")
    with pytest.raises(UnusableWeights, match="could run programs") as refused:
        load_gfpgan(tmp_path / "w.pth")
    assert "weights_only" not in str(refused.value)


@pytest.mark.parametrize("name", ["GFPGANv9", "GFPGANv9.pth (1)", "e2cd4703.ckpt"])
def test_a_torch_file_is_known_by_how_it_begins_where_its_name_does_not_say(original, tmp_path, name):
    torch.save(original, tmp_path / name)
    assert load_gfpgan(tmp_path / name).config.image_size == 64


def test_a_missing_torch_file_is_named(tmp_path):
    with pytest.raises(UnusableWeights, match=r"gone\.pth"):
        load_gfpgan(tmp_path / "gone.pth")
