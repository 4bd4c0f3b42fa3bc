import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.networks.modulation import ModulatedConv, StyledConv
from retrato.networks.resampling import BLUR, Resampling, enlarge
from retrato.networks.stylegan2 import (
    Condition,
    Mapping,
    StyleGAN2Config,
    StyleGAN2Generator,
    in_every_layer,
    mix_styles,
    resolutions,
    truncated,
)
from retrato.weights.names.kinds import Kind
from retrato.weights.names.stylegan2 import stylegan2_to_ours


@pytest.fixture(scope="module")
def reference():
    return load_file(REFERENCE / "stylegan2_generator.safetensors")


@pytest.fixture(scope="module")
def published_network():
    network = StyleGAN2Generator(StyleGAN2Config(64, 32, 1024, 32, mapping_layers=2, resampling=Resampling.FIR))
    network.load_state_dict(stylegan2_to_ours(published_weights("stylegan2_generator.safetensors"), Kind.ORIGINAL))
    return network.requires_grad_(False)


def test_maps_latents_to_the_published_styles(published_network, reference):
    styles = published_network.mapping(reference["input.z"])
    torch.testing.assert_close(styles, reference["output.w"], rtol=0, atol=1e-5)


def test_draws_the_published_picture(published_network, reference):
    pictures = published_network(in_every_layer(reference["output.w"], 10))
    torch.testing.assert_close(pictures, reference["output.image"], rtol=0, atol=1e-5)


def test_draws_the_published_truncated_picture(published_network, reference):
    mean = reference["output.w"].mean(0, keepdim=True)  # which the published mean is
    pictures = published_network(in_every_layer(truncated(reference["output.w"], mean, 0.7), 10))
    torch.testing.assert_close(pictures, reference["output.truncated"], rtol=0, atol=1e-5)


def test_the_mean_style_is_that_of_drawn_latents(published_network):
    latents = torch.randn(50, 32, generator=torch.Generator().manual_seed(3))
    mean = published_network.mean_style(50, torch.Generator().manual_seed(3))
    torch.testing.assert_close(mean[0], published_network.mapping(latents).mean(0))


def test_truncation_keeps_a_share_of_the_distance_to_the_mean():
    styles, mean = torch.tensor([[3.0, 5.0], [1.0, -3.0]]), torch.tensor([[1.0, 1.0]])
    assert truncated(styles, mean, 1).tolist() == styles.tolist()
    assert truncated(styles, mean, 0.5).tolist() == [[2, 3], [1, -1]]
    assert truncated(in_every_layer(styles, 3), mean, 0).tolist() == [[[1, 1]] * 3] * 2


def test_mixed_styles_are_coarse_ones_up_to_the_cut():
    mixed = mix_styles(torch.zeros(1, 4, 2), torch.ones(1, 4, 2), cut=3)
    assert mixed[0, :, 0].tolist() == [0, 0, 0, 1]


def test_each_picture_may_have_a_cut_of_its_own():
    mixed = mix_styles(torch.zeros(2, 4, 1), torch.ones(2, 4, 1), cut=torch.tensor([1, 4]))
    assert mixed[..., 0].tolist() == [[0, 1, 1, 1], [0, 0, 0, 0]]


def test_a_picture_has_the_noise_of_its_seed_in_any_batch():
    generator = StyleGAN2Generator(TINY.prior)
    for module in generator.modules():
        if isinstance(module, StyledConv):
            torch.nn.init.ones_(module.noise_strength)
    styles = torch.zeros(2, TINY.prior.style_layers, TINY.prior.style_size)
    together = generator(styles, noise_seeds=torch.tensor([3, 4]))
    alone = generator(styles[1:], noise_seeds=torch.tensor([4]))
    torch.testing.assert_close(together[1:], alone, rtol=0, atol=1e-5)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize("seed", range(3))
def test_a_new_mapping_gives_styles_of_about_unit_size(rng, seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        styles = Mapping(512, layers=8)(torch.randn(64, 512, generator=rng))
    assert styles.square().mean().sqrt().item() == pytest.approx(1, abs=0.2)


def test_doubling_by_fir_equals_zeros_in_between_and_a_blur(rng):
    features = torch.randn(2, 3, 5, 5, generator=rng)
    spread = torch.zeros(2, 3, 10, 10)
    spread[..., ::2, ::2] = features
    kernel = torch.outer(*[torch.tensor(BLUR) / 4] * 2).expand(3, 1, 4, 4)
    expected = F.conv2d(F.pad(spread, (2, 1, 2, 1)), kernel, groups=3)
    torch.testing.assert_close(enlarge(features, 2, Resampling.FIR), expected)


def test_an_enlarging_fir_convolution_blurs_what_a_transposed_one_gives_for_each_picture(rng):
    conv = ModulatedConv(4, 6, 3, 5, enlarge=Resampling.FIR)
    features, style = torch.randn(2, 4, 8, 8, generator=rng), torch.randn(2, 5, generator=rng)
    convolved = conv(features, style)
    kernel = torch.outer(*[torch.tensor(BLUR) / 4] * 2).expand(6, 1, 4, 4)
    for index in range(2):
        scaled = conv.weight * conv.to_scale(style[index])[None, :, None, None]
        spread = F.conv_transpose2d(features[index : index + 1], scaled.transpose(0, 1), stride=2)
        expected = F.conv2d(spread, kernel, padding=1, groups=6)
        torch.testing.assert_close(convolved[index : index + 1], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("resampling", Resampling)
@pytest.mark.parametrize("fold", [1, 2])
def test_pictures_have_the_size_of_the_config_in_every_shape(resampling, fold):
    config = StyleGAN2Config(32, 8, 128, 8, mapping_layers=1, fold=fold, resampling=resampling)
    assert StyleGAN2Generator(config)(torch.zeros(2, config.style_layers, 8)).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("resampling", Resampling)
def test_half_precision_draws_nearly_the_same(resampling, rng):
    config = StyleGAN2Config(32, 8, 128, 8, mapping_layers=1, resampling=resampling)
    torch.manual_seed(0)
    network = StyleGAN2Generator(config).to(memory_format=torch.channels_last).requires_grad_(False)
    styles = torch.randn(2, config.style_layers, 8, generator=rng)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(styles)
    assert (half - network(styles)).abs().mean() < 0.05


def test_in_half_precision_no_features_stay_in_full(rng):
    config = StyleGAN2Config(32, 8, 128, 8, mapping_layers=1)
    network = StyleGAN2Generator(config)
    kinds = set()
    for each in network.modules():
        if isinstance(each, StyledConv):
            each.register_forward_hook(lambda _conv, _given, features: kinds.add(features.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        network(torch.randn(2, config.style_layers, 8, generator=rng))
    assert kinds == {torch.bfloat16}


def test_modulation_equals_weights_scaled_for_each_picture(rng):
    conv = ModulatedConv(4, 6, 3, 5)
    features, style = torch.randn(2, 4, 8, 8, generator=rng), torch.randn(2, 5, generator=rng)
    demodulated_at_once = conv(features, style, 1.0)
    for index in range(2):
        scaled = conv.weight * conv.to_scale(style[index])[None, :, None, None]
        demodulated = scaled / (scaled.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected = F.conv2d(features[index : index + 1], demodulated, padding=1)
        torch.testing.assert_close(demodulated_at_once[index : index + 1], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("resampling", [None, *Resampling])
def test_one_picture_alone_is_convolved_as_among_others(resampling, rng):
    conv = ModulatedConv(4, 6, 3, 5, enlarge=resampling)
    features, style = torch.randn(2, 4, 16, 16, generator=rng), torch.randn(2, 5, generator=rng)
    alone = torch.cat([conv(features[index : index + 1], style[index : index + 1], 1.0) for index in range(2)])
    torch.testing.assert_close(alone, conv(features, style, 1.0), rtol=1e-4, atol=1e-5)


def test_conditions_steer_half_of_the_channels():
    features = torch.ones(1, 4, 2, 2)
    condition = Condition(scale=torch.full((1, 2, 2, 2), 3.0), shift=torch.full((1, 2, 2, 2), 0.5))
    assert condition.steer(features)[0, :, 0, 0].tolist() == [1, 1, 3.5, 3.5]


def test_published_widths():
    config = StyleGAN2Config()
    assert {size: config.channels(size) for size in (4, 32, 64, 128, 256, 512)} == {
        4: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64,
    }  # fmt: skip
    assert config.style_layers == 16


def test_folding_leaves_out_the_last_resolution():
    assert resolutions(StyleGAN2Config(image_size=64, fold=2).last_resolution) == [8, 16, 32]
