import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.errors import UnusableWeights, UnwritableOutput
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.training.recipes import recipe
from retrato.weights.convert import convert, in_published_layout
from retrato.weights.load import describe_weights, load_gfpgan, load_network, load_stylegan2
from retrato.weights.names.kinds import Kind
from retrato.weights.store import StoredWeights, config_fields, write_weights

SMALL = GFPGANConfig(StyleGAN2Config(64, 32, channel_base=2048, channel_max=32, mapping_layers=2))
"""As the clean reference, of which programs must be told the shape."""
V1 = StyleGAN2Config(channel_base=16384, mapping_layers=0, resampling=Resampling.FIR)
REFERENCE_NAMES = {
    Kind.CLEAN: "gfpgan-v1.2/v1.3/v1.4 (clean)",
    Kind.BILINEAR: "gfpgan-bilinear",
    Kind.ORIGINAL: "gfpgan-v1 (original)",
}


def without_numbers(config):
    with torch.device("meta"):
        return GFPGAN(config)


def names_and_shapes(kind):
    stored = json.loads((REFERENCE / "published_names.json").read_text())[REFERENCE_NAMES[kind]]
    return {name: tuple(shape) for name, shape in stored}


@pytest.fixture
def publish(tmp_path):
    """Writes a reference network as its publisher would."""

    def write(kind):
        path = tmp_path / f"{kind}.pth"
        torch.save({"params_ema": published_weights(f"gfpgan_{kind}.safetensors")}, path)
        return path

    return write


@pytest.fixture
def store(tmp_path):
    """Writes a network as `retrato train` does."""

    def write(network):
        path = tmp_path / "ours.safetensors"
        kind = "gfpgan" if isinstance(network, GFPGAN) else "stylegan2"
        write_weights(
            path, StoredWeights(kind, config_fields(network.config), network.state_dict(), {"recipe": "mine"})
        )
        return path

    return write


@pytest.mark.parametrize(
    ("kind", "prior"),
    [(Kind.CLEAN, StyleGAN2Config()), (Kind.BILINEAR, StyleGAN2Config(mapping_layers=0)), (Kind.ORIGINAL, V1)],
)
def test_names_and_shapes_are_the_published_ones(kind, prior):
    written = in_published_layout(without_numbers(GFPGANConfig(prior)), kind)
    assert {name: tuple(each.shape) for name, each in written.items()} == names_and_shapes(kind)


@pytest.mark.parametrize("name", ["gfpgan-512", "gfpgan-512-simple"])
def test_what_the_recipes_of_512_px_train_can_be_written_as_published(name):
    written = in_published_layout(without_numbers(recipe(name).task.network), Kind.ORIGINAL)
    assert written.keys() == names_and_shapes(Kind.ORIGINAL).keys()


def test_the_clean_layout_is_the_same_after_a_round_trip(publish, tmp_path):
    convert(publish(Kind.CLEAN), tmp_path / "ours.safetensors")
    convert(tmp_path / "ours.safetensors", tmp_path / "back.pth", any_shape=True)
    written = torch.load(tmp_path / "back.pth", weights_only=True)
    expected = published_weights("gfpgan_clean.safetensors")
    assert written.keys() == {"params_ema"}
    assert written["params_ema"].keys() == expected.keys()
    assert all(torch.equal(written["params_ema"][name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("kind", [Kind.BILINEAR, Kind.ORIGINAL])
def test_scales_of_equalised_learning_rates_are_restored(publish, kind):
    written = in_published_layout(load_gfpgan(publish(kind)), kind, any_shape=True)
    torch.testing.assert_close(written, published_weights(f"gfpgan_{kind}.safetensors"), rtol=1e-6, atol=1e-7)


def test_the_bilinear_network_made_clean_restores_as_published(publish, tmp_path):
    convert(publish(Kind.BILINEAR), tmp_path / "clean.pth", any_shape=True)
    reference = load_file(REFERENCE / "gfpgan_bilinear.safetensors")
    assert "clean" in describe_weights(tmp_path / "clean.pth")
    with torch.no_grad():
        faces = load_gfpgan(tmp_path / "clean.pth").restore(reference["input.faces"])
    torch.testing.assert_close(faces, reference["output.restored"], rtol=0, atol=1e-4)


def test_a_clean_network_made_bilinear_restores_as_published(publish, tmp_path):
    convert(publish(Kind.CLEAN), tmp_path / "bilinear.pth", Kind.BILINEAR, any_shape=True)
    reference = load_file(REFERENCE / "gfpgan_clean.safetensors")
    with torch.no_grad():
        faces = load_gfpgan(tmp_path / "bilinear.pth").restore(reference["input.faces"])
    torch.testing.assert_close(faces, reference["output.restored"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", Kind)
def test_what_was_published_is_the_same_in_our_layout(publish, tmp_path, kind):
    path = publish(kind)
    convert(path, tmp_path / "ours.safetensors")
    ours, published = load_gfpgan(tmp_path / "ours.safetensors"), load_gfpgan(path)
    assert ours.config == published.config
    assert all(torch.equal(one, published.state_dict()[name]) for name, one in ours.state_dict().items())
    assert describe_weights(tmp_path / "ours.safetensors") == f"published weights {kind}.pth ({kind})"


def test_a_published_stylegan2_is_the_same_after_a_round_trip(tmp_path):
    expected = published_weights("stylegan2_generator.safetensors")
    torch.save(expected, tmp_path / "w.pth")
    convert(tmp_path / "w.pth", tmp_path / "ours.safetensors")
    written = in_published_layout(load_stylegan2(tmp_path / "ours.safetensors"), Kind.ORIGINAL, any_shape=True)
    torch.testing.assert_close(written, expected, rtol=1e-6, atol=1e-7)


def test_a_restorer_without_a_mapping_gets_one_of_zeros_and_it_is_said(store, tmp_path):
    network = GFPGAN(replace(SMALL, prior=replace(SMALL.prior, mapping_layers=0)))
    converted = convert(store(network), tmp_path / "w.pth", any_shape=True)
    written = torch.load(tmp_path / "w.pth", weights_only=True)["params_ema"]
    mapping = {name: each for name, each in written.items() if "style_mlp" in name}
    assert len(mapping) == 16
    assert not any(each.any() for each in mapping.values())
    assert "style_mlp" in converted.notes[0]


def test_how_the_published_package_makes_the_network_is_said(store, tmp_path):
    converted = convert(store(GFPGAN(SMALL)), tmp_path / "w.pth", any_shape=True)
    assert converted.source == "mine after some iterations"
    assert (
        "GFPGANv1Clean(out_size=64, num_style_feat=32, channel_multiplier=2, num_mlp=2, narrow=0.0625, "
        "input_is_latent=True, different_w=True, sft_half=True)"
    ) in converted.target


@pytest.mark.parametrize(
    ("config", "layout", "reason"),
    [
        (replace(SMALL, keep_input=True), Kind.CLEAN, "keep_input"),
        (replace(SMALL, self_ensemble=True), Kind.CLEAN, "self_ensemble"),
        (replace(SMALL, prior=replace(SMALL.prior, fold=2)), Kind.CLEAN, "fold 2"),
        (replace(SMALL, prior=replace(SMALL.prior, resampling=Resampling.FIR)), Kind.CLEAN, "--layout original"),
        (replace(SMALL, prior=replace(SMALL.prior, resampling=Resampling.FIR)), Kind.BILINEAR, "fir resampling"),
        (SMALL, Kind.ORIGINAL, "--layout clean or --layout bilinear"),
        (replace(SMALL, prior=replace(SMALL.prior, channel_base=512)), Kind.CLEAN, "no published ones"),
        (replace(SMALL, prior=replace(SMALL.prior, channel_base=1024)), Kind.BILINEAR, "would be taken for original"),
    ],
)
def test_what_a_layout_cannot_say_is_refused_with_the_reason(config, layout, reason):
    with pytest.raises(UnusableWeights, match=reason):
        in_published_layout(without_numbers(config), layout, any_shape=True)


def test_all_reasons_are_named_at_once():
    with pytest.raises(UnusableWeights, match=r"keep_input.*fold 2"):
        in_published_layout(without_numbers(TINY), Kind.CLEAN)


@pytest.mark.parametrize(
    "change", [{"image_size": 256}, {"channel_base": 16384}, {"style_size": 64}, {"mapping_layers": 4}]
)
def test_a_shape_that_programs_do_not_expect_must_be_asked_for(change):
    network = without_numbers(GFPGANConfig(StyleGAN2Config(**change)))
    ((name, value),) = change.items()
    with pytest.raises(UnusableWeights, match=f"{name} {value} and not"):
        in_published_layout(network, Kind.CLEAN)
    assert in_published_layout(network, Kind.CLEAN, any_shape=True)


def test_an_original_network_does_not_become_clean(publish, tmp_path):
    with pytest.raises(UnusableWeights, match="the same weights draw something else"):
        convert(publish(Kind.ORIGINAL), tmp_path / "clean.pth", any_shape=True)
    assert not (tmp_path / "clean.pth").exists()


def test_our_layout_is_not_written_from_itself(store, tmp_path):
    with pytest.raises(UnusableWeights, match="layout already"):
        convert(store(GFPGAN(SMALL)), tmp_path / "again.safetensors")


def test_a_suffix_that_says_no_layout_is_refused(publish, tmp_path):
    with pytest.raises(UnwritableOutput, match=r"name a \.safetensors file"):
        convert(publish(Kind.CLEAN), tmp_path / "w.ckpt")


def test_a_folder_that_cannot_be_written_is_named(publish, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritableOutput, match="cannot write"):
        convert(publish(Kind.CLEAN), tmp_path / "file" / "w.safetensors")


def test_our_own_stylegan2_can_be_written_clean(store, tmp_path):
    network = StyleGAN2Generator(SMALL.prior)
    convert(store(network), tmp_path / "w.pth", any_shape=True)
    read = load_network(tmp_path / "w.pth")
    assert read.config == network.config
    assert all(torch.equal(one, read.state_dict()[name]) for name, one in network.state_dict().items())


def test_spandrel_reads_what_is_written_and_restores_the_same(store, tmp_path, astronaut):
    spandrel = pytest.importorskip("spandrel", exc_type=ImportError)
    network = GFPGAN(GFPGANConfig(StyleGAN2Config(mapping_layers=0))).requires_grad_(False)
    convert(store(network), tmp_path / "w.pth")
    face = torch.from_numpy(astronaut.copy()).permute(2, 0, 1)[None] / 127.5 - 1
    descriptor = spandrel.ModelLoader().load_from_file(tmp_path / "w.pth")
    assert descriptor.architecture.id == "GFPGAN"
    theirs = descriptor.model(face, return_rgb=False, randomize_noise=False)[0]
    torch.testing.assert_close(network.restore(face), theirs, rtol=0, atol=1e-4)
