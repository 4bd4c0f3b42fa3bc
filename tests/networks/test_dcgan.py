import pytest
import torch

from retrato.networks.dcgan import DCGAN, DCGANConfig, DCGANDiscriminator, DCGANDiscriminatorConfig


def count(network):
    return sum(each.numel() for each in network.parameters())


def test_the_generator_has_the_papers_layers():
    """Radford et al. (2016), figure 1: 4x4x1024, 8x8x512, 16x16x256, 32x32x128, 64x64x3; batches normalised between."""
    weights = 100 * 1024 * 4**2 + (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) * 4**2
    with torch.device("meta"):
        assert count(DCGAN()) == weights + 2 * (1024 + 512 + 256 + 128)


def test_both_have_as_many_parameters_as_the_well_known_implementation():
    """What the DCGAN of PyTorch's examples has, whose widths are 64."""
    with torch.device("meta"):
        assert count(DCGAN(DCGANConfig(channels=64))) == 3_576_704
        assert count(DCGANDiscriminator()) == 2_765_568


@pytest.mark.parametrize("size", [28, 32, 48, 128])
def test_pictures_of_each_size_are_drawn_and_judged(size):
    pictures = DCGAN(DCGANConfig(size, latent_size=8, channels=2))(torch.zeros(2, 8))
    assert pictures.shape == (2, 3, size, size)
    assert DCGANDiscriminator(DCGANDiscriminatorConfig(size, channels=2))(pictures).shape == (2,)


@pytest.mark.parametrize("size", [4, 30, 100, 27])
def test_sizes_that_doubling_does_not_lead_to_are_refused(size):
    with pytest.raises(ValueError, match="28, 32, 48, 64, 128"):
        DCGANConfig(size)


def test_weights_begin_as_in_the_paper():
    torch.manual_seed(0)
    network = DCGANDiscriminator(DCGANDiscriminatorConfig(channels=16))
    convolution, norm, _ = network.halvings[-1]
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.bias.abs().max() == 0


def test_a_generator_that_is_not_training_draws_each_picture_by_itself():
    torch.manual_seed(0)
    network = DCGAN(DCGANConfig(32, latent_size=8, channels=2)).eval()
    latents = torch.rand(3, 8)
    torch.testing.assert_close(network(latents)[1:2], network(latents[1:2]))
