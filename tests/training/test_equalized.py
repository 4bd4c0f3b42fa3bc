import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from doubles import TINY
from retrato.networks.component_discriminator import ComponentDiscriminator, ComponentDiscriminatorConfig
from retrato.networks.convolutions import PlainConv
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.modulation import ModulatedConv
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.training.equalized import begin_equalized, equalized_rates
from retrato.weights.names.discriminators import component_discriminator_to_ours, discriminator_to_ours
from retrato.weights.names.gfpgan import UNET_GAINS
from retrato.weights.names.stylegan2 import GAINS

RATE, TINY_EPSILON = 0.002, 1e-30
ROOT = math.sqrt(2)


def step(parameters, rates, loss):
    """One step of Adam with a rate for each parameter."""
    groups = [{"params": [each], "lr": RATE * rate} for each, rate in zip(parameters, rates, strict=True)]
    optimizer = torch.optim.Adam(groups, eps=TINY_EPSILON)
    loss.backward()
    optimizer.step()


def test_a_linear_layer_steps_as_the_equalised_one_does(rng):
    inputs, target = torch.randn(4, 6, generator=rng), torch.randn(4, 5, generator=rng)
    stored, stored_bias = torch.randn(5, 6, generator=rng).requires_grad_(), torch.zeros(5, requires_grad=True)
    plain = nn.Linear(6, 5)
    plain.load_state_dict({"weight": stored.detach() / math.sqrt(6), "bias": stored_bias.detach()})
    rates = equalized_rates(plain)
    step([stored, stored_bias], [1, 1], (inputs @ stored.T / math.sqrt(6) + stored_bias - target).square().mean())
    step([plain.weight, plain.bias], [rates["weight"], rates["bias"]], (plain(inputs) - target).square().mean())
    torch.testing.assert_close(plain.weight, stored / math.sqrt(6))
    torch.testing.assert_close(plain.bias, stored_bias)


def test_a_convolution_with_a_scaled_activation_steps_as_the_equalised_one_does(rng):
    inputs, target = torch.randn(2, 3, 8, 8, generator=rng), torch.randn(2, 4, 8, 8, generator=rng)
    stored, stored_bias = torch.randn(4, 3, 3, 3, generator=rng).requires_grad_(), torch.zeros(4, requires_grad=True)
    plain = PlainConv(3, 4, 3)
    plain.load_state_dict({"conv.weight": stored.detach() * ROOT / math.sqrt(27), "conv.bias": torch.zeros(4)})
    rates = equalized_rates(plain)
    equalised = ROOT * F.leaky_relu(F.conv2d(inputs, stored / math.sqrt(27), stored_bias, padding=1), 0.2)
    step([stored, stored_bias], [1, 1], (equalised - target).square().mean())
    parameters = [plain.conv.weight, plain.conv.bias]
    step(parameters, [rates["conv.weight"], rates["conv.bias"]], (plain(inputs) - target).square().mean())
    torch.testing.assert_close(plain.conv.weight, stored * ROOT / math.sqrt(27))
    torch.testing.assert_close(plain.conv.bias, stored_bias * ROOT)


def test_a_modulated_convolution_steps_as_the_equalised_one_does(rng):
    inputs, target = torch.randn(2, 3, 8, 8, generator=rng), torch.randn(2, 4, 8, 8, generator=rng)
    style = torch.randn(2, 5, generator=rng)
    stored, to_scale = (torch.randn(size, generator=rng).requires_grad_() for size in ((4, 3, 3, 3), (3, 5)))
    plain = ModulatedConv(3, 4, 3, style_size=5)
    with torch.no_grad():
        plain.weight.copy_(stored / math.sqrt(27))
        plain.to_scale.weight.copy_(to_scale / math.sqrt(5))
    rates = equalized_rates(plain)
    scale = style @ to_scale.T / math.sqrt(5) + 1
    weights = stored / math.sqrt(27) * scale[:, None, :, None, None]  # (N, O, I, K, K)
    weights = weights * (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    equalised = torch.stack([F.conv2d(one, each, padding=1) for one, each in zip(inputs, weights, strict=True)])
    step([stored, to_scale], [1, 1], (equalised - target).square().mean())
    convolved = plain(inputs, style, 1.0)
    parameters = [plain.weight, plain.to_scale.weight]
    step(parameters, [rates["weight"], rates["to_scale.weight"]], (convolved - target).square().mean())
    torch.testing.assert_close(plain.weight, stored / math.sqrt(27))
    torch.testing.assert_close(plain.to_scale.weight, to_scale / math.sqrt(5))


def published_factor(name, parameter, gains):
    """What reading the published file multiplies a stored tensor with."""
    gain = next((each for pattern, each in gains if re.fullmatch(pattern, name)), 1.0)
    return 1.0 if gain is None else gain / math.sqrt(math.prod(parameter.shape[1:]) or 1)


@pytest.mark.parametrize("resampling", list(Resampling))
def test_the_factors_of_a_restorer_are_the_scales_of_its_published_file(resampling):
    prior = StyleGAN2Config(32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2, resampling=resampling)
    network = GFPGAN(GFPGANConfig(prior))
    rates = equalized_rates(network)
    parameters = dict(network.named_parameters())
    assert rates.keys() == parameters.keys()
    for name, rate in rates.items():
        part, _, inner = name.partition(".")
        gains = {"prior": GAINS, "unet": UNET_GAINS}[part]
        inner = (
            inner if resampling is Resampling.BILINEAR else inner.replace(".conv.", ".") if part == "unet" else inner
        )
        assert rate == pytest.approx(published_factor(inner, parameters[name], gains)), name


def test_the_factors_of_a_discriminator_are_the_scales_of_its_published_file():
    network = Discriminator(DiscriminatorConfig(image_size=16, channel_base=64, channel_max=8))
    rates = equalized_rates(network)
    stored = {
        "conv_body.0.0.weight": network.first.conv.weight,
        "conv_body.0.1.bias": network.first.conv.bias,
        "conv_body.1.conv1.0.weight": network.blocks[0].conv1.conv.weight,
        "conv_body.1.conv2.1.weight": network.blocks[0].conv2.conv.weight,
        "conv_body.1.conv2.2.bias": network.blocks[0].conv2.conv.bias,
        "conv_body.1.skip.1.weight": network.blocks[0].shortcut.conv.weight,
        "final_conv.0.weight": network.last.conv.weight,
        "final_linear.0.weight": network.gather.weight,
        "final_linear.0.bias": network.gather.bias,
        "final_linear.1.weight": network.judge.weight,
        "final_linear.1.bias": network.judge.bias,
    }
    factors = discriminator_to_ours({name: torch.ones_like(each) for name, each in stored.items()})
    assert {name: each.flatten()[0].item() for name, each in factors.items()} == pytest.approx(
        {name: rates[name] for name in factors}
    )


def test_the_factors_of_a_component_discriminator_are_the_scales_of_its_published_file():
    network = ComponentDiscriminator(ComponentDiscriminatorConfig(4))
    rates = equalized_rates(network)
    stored = {
        "conv1.0.weight": network.fine[0].conv.weight,
        "conv2.1.weight": network.fine[1].conv.weight,
        "conv2.2.bias": network.fine[1].conv.bias,
        "conv5.0.weight": network.coarse[1].conv.weight,
        "final_conv.0.weight": network.judge.weight,
        "final_conv.0.bias": network.judge.bias,
    }
    factors = component_discriminator_to_ours({name: torch.ones_like(each) for name, each in stored.items()})
    assert {name: each.flatten()[0].item() for name, each in factors.items()} == pytest.approx(
        {name: rates[name] for name in factors}
    )


def test_the_network_from_latents_to_styles_learns_at_a_hundredth_of_the_rate():
    rates = equalized_rates(StyleGAN2Generator(StyleGAN2Config(16, 8, 64, 8, mapping_layers=2)))
    assert rates["mapping.2.weight"] == pytest.approx(0.01 * ROOT / math.sqrt(8))
    assert rates["mapping.2.bias"] == pytest.approx(0.01 * ROOT)
    assert rates["first.bias"] == rates["first.noise_strength"] == pytest.approx(ROOT)
    assert rates["first_to_rgb.bias"] == rates["constant"] == 1


def test_every_parameter_has_a_factor():
    network = GFPGAN(TINY)
    assert equalized_rates(network).keys() == dict(network.named_parameters()).keys()


@pytest.mark.parametrize("resampling", Resampling)
def test_an_equalised_network_begins_with_the_published_spread(resampling):
    network = GFPGAN(GFPGANConfig(StyleGAN2Config(64, 64, 4096, 64, mapping_layers=2, resampling=resampling)))
    begin_equalized(network)
    rates = equalized_rates(network)
    parameters = dict(network.named_parameters())
    for name, parameter in parameters.items():
        if name.endswith("weight") and parameter.dim() > 1:
            expected = rates[name] / (0.01 if ".mapping." in name else 1)  # the mapping's rate is lower, not its spread
            assert parameter.square().mean().sqrt().item() == pytest.approx(expected, rel=1e-4), name
    assert (parameters["prior.blocks.0.enlarge.conv.to_scale.bias"] == 1).all()
    assert (parameters["unet.scales.0.2.bias"] == 1).all()
    assert (parameters["unet.to_styles.bias"] == 0).all()


def test_a_discriminator_begins_with_logits_of_moderate_size(rng):
    network = Discriminator(DiscriminatorConfig(image_size=64, channel_base=4096, channel_max=64))
    begin_equalized(network)
    logits = network(torch.randn(8, 3, 64, 64, generator=rng))
    assert 0.001 < logits.std() < 3


def test_a_keep_map_begins_as_it_does(rng):
    network = GFPGAN(TINY)
    begin_equalized(network)
    assert (network.keep.conv.weight == 0).all()
    assert (network.keep.conv.bias == -2).all()
