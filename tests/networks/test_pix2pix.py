import pytest
import torch

from retrato.networks.pix2pix import PatchDiscriminator, PatchDiscriminatorConfig, UNet, UNetConfig

TINY = UNetConfig(image_size=32, channels=4, channel_max=8)


def count(network):
    return sum(each.numel() for each in network.parameters())


def test_the_networks_have_as_many_parameters_as_the_published_ones():
    """In millions, as the authors' PyTorch code prints them for unet_256, unet_128 and the basic discriminator."""
    with torch.device("meta"):
        networks = UNet(), UNet(UNetConfig(128)), PatchDiscriminator()
    assert [round(count(each) / 1e6, 3) for each in networks] == [54.415, 41.830, 2.769]


def test_the_encoder_has_the_papers_widths():
    """Isola et al. (2017), appendix 6.1.1: C64-C128-C256-C512-C512-C512-C512-C512."""
    assert UNetConfig().widths == [64, 128, 256, 512, 512, 512, 512, 512]


@pytest.mark.parametrize(("layers", "reach"), [(2, 16), (4, 70), (6, 286)])
def test_a_logit_judges_a_patch_of_the_papers_size(layers, reach):
    """Section 4.4; by what its gradient reaches as well, where that is quick to compute."""
    config = PatchDiscriminatorConfig(channels=1, layers=layers)
    assert config.reach == reach
    if layers > 4:
        return
    network = PatchDiscriminator(config)
    for module in network.modules():
        if isinstance(module, torch.nn.InstanceNorm2d):  # it sees the whole picture
            module.forward = lambda features: features
    picture = torch.randn(1, 3, 128, 128, requires_grad=True)
    logits = network(picture, picture)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == reach


def test_a_picture_of_256_px_has_30_by_30_logits():
    pictures = torch.zeros(1, 3, 256, 256)
    assert PatchDiscriminator(PatchDiscriminatorConfig(channels=1))(pictures, pictures).shape == (1, 1, 30, 30)


def test_the_smallest_pictures_have_a_logit():
    for layers in (2, 3, 4):
        config = PatchDiscriminatorConfig(channels=1, layers=layers)
        pictures = torch.zeros(1, 3, config.smallest_size, config.smallest_size)
        assert PatchDiscriminator(config)(pictures, pictures).shape == (1, 1, 1, 1)


def test_a_translation_does_not_hang_on_the_others(rng):
    network = UNet(TINY)
    pictures, seeds = torch.randn(3, 3, 32, 32, generator=rng), torch.tensor([4, 5, 6])
    together, alone = network(pictures, seeds), network(pictures[1:2], seeds[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-5)


def test_the_seed_decides_which_features_are_dropped(rng):
    torch.manual_seed(0)
    network = UNet(TINY)
    picture = torch.randn(1, 3, 32, 32, generator=rng)
    first, again, other = (network(picture, torch.tensor([seed])) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(network(picture), network(picture))


def test_a_picture_hangs_on_the_bottleneck_and_on_what_goes_past_it(rng):
    network = UNet(TINY)
    picture = torch.randn(1, 3, 32, 32, generator=rng)
    network(picture).square().mean().backward()
    assert all(each.grad.abs().sum() > 0 for each in network.parameters() if each.ndim > 1)


@pytest.mark.parametrize("settings", [{"image_size": 48}, {"image_size": 4}, {"channels": 0}, {"channel_max": 8}])
def test_shapes_that_are_none_are_refused(settings):
    with pytest.raises(ValueError, match="must be"):
        UNetConfig(**settings)
