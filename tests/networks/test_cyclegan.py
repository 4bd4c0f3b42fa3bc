import pytest
import torch

from retrato.networks.cyclegan import CycleGAN, CycleGANConfig, ResidualTranslator
from retrato.networks.pix2pix import PatchDiscriminator, PatchDiscriminatorConfig

TINY = CycleGANConfig(image_size=32, channels=4, blocks=1)


def count(network):
    return sum(each.numel() for each in network.parameters())


def test_the_networks_have_as_many_parameters_as_the_published_ones():
    """In millions, as the authors' PyTorch code prints them for resnet_9blocks, resnet_6blocks and one discriminator.

    Ours scale what is normalised and have no biases before it, which are twice as many numbers.
    """
    with torch.device("meta"):
        translators = ResidualTranslator(CycleGANConfig()), ResidualTranslator(CycleGANConfig(128, blocks=6))
        judge = PatchDiscriminator(PatchDiscriminatorConfig(pictures=1))
    assert [count(each) / 1e6 for each in (*translators, judge)] == pytest.approx([11.378, 7.838, 2.765], rel=1e-3)


def test_both_directions_are_networks_of_their_own(rng):
    torch.manual_seed(0)
    network = CycleGAN(TINY)
    picture = torch.randn(1, 3, 32, 32, generator=rng)
    assert torch.equal(network(picture), network.forth(picture))
    assert not torch.equal(network.forth(picture), network.back(picture))


def test_pictures_keep_their_size_and_stay_in_range(rng):
    translated = ResidualTranslator(TINY)(5 * torch.randn(2, 3, 36, 36, generator=rng))
    assert translated.shape == (2, 3, 36, 36)
    assert translated.abs().max() <= 1


def test_a_translation_does_not_hang_on_the_others(rng):
    network = ResidualTranslator(TINY)
    pictures = torch.randn(3, 3, 32, 32, generator=rng)
    torch.testing.assert_close(network(pictures)[1:2], network(pictures[1:2]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("settings", [{"image_size": 30}, {"image_size": 4}, {"channels": 0}, {"blocks": 0}])
def test_shapes_that_are_none_are_refused(settings):
    with pytest.raises(ValueError, match="must be"):
        CycleGANConfig(**settings)
