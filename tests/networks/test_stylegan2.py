import torch
import torch.nn.functional as F

from retrato.networks.stylegan2 import Condition, ModulatedConv, StyleGAN2Config, resolutions


def test_modulation_equals_weights_scaled_for_each_picture(rng):
    conv = ModulatedConv(4, 6, 3, 5)
    features, style = torch.randn(2, 4, 8, 8, generator=rng), torch.randn(2, 5, generator=rng)
    convolved, norm = conv(features, style)
    for index in range(2):
        scaled = conv.weight * conv.to_scale(style[index])[None, :, None, None]
        demodulated = scaled / (scaled.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected = F.conv2d(features[index : index + 1], demodulated, padding=1)
        torch.testing.assert_close((convolved * norm)[index : index + 1], expected, rtol=1e-4, atol=1e-5)


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
