import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, published_weights
from retrato.networks.component_discriminator import ComponentDiscriminator, ComponentDiscriminatorConfig
from retrato.networks.convolutions import BlurredConv
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig, with_deviation
from retrato.weights.names.discriminators import component_discriminator_to_ours, discriminator_to_ours


@torch.no_grad()
def test_judges_pictures_as_the_published_discriminator_does():
    network = Discriminator(DiscriminatorConfig(image_size=64, channel_base=1024, channel_max=32))
    network.load_state_dict(discriminator_to_ours(published_weights("stylegan2_discriminator.safetensors")))
    reference = load_file(REFERENCE / "stylegan2_discriminator.safetensors")
    logits = network(reference["input.pictures"])
    torch.testing.assert_close(logits, reference["output.logits"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_judges_components_as_the_published_discriminator_does():
    network = ComponentDiscriminator(ComponentDiscriminatorConfig())
    network.load_state_dict(component_discriminator_to_ours(published_weights("component_discriminator.safetensors")))
    reference = np.load(REFERENCE / "component_discriminator.npz")
    logits, (fine, coarse) = network(torch.from_numpy(reference["pictures"]))
    np.testing.assert_allclose(logits, reference["logits"], atol=1e-4)
    np.testing.assert_allclose(fine[:, ::16], reference["feature0"], atol=1e-4)
    np.testing.assert_allclose(coarse[:, ::32], reference["feature1"], atol=1e-4)


def test_an_unknown_published_name_is_refused():
    with pytest.raises(KeyError):
        discriminator_to_ours({"conv_body.first.weight": torch.zeros(1)})


@pytest.mark.parametrize("fold", [1, 2])
def test_a_logit_for_each_picture_at_any_fold(faces, fold):
    config = DiscriminatorConfig(image_size=64, channel_base=256, channel_max=8, fold=fold)
    assert Discriminator(config)(faces).shape == (4, 1)


def test_every_parameter_of_a_discriminator_learns(faces):
    for network in (
        Discriminator(DiscriminatorConfig(64, 256, 8)),
        ComponentDiscriminator(ComponentDiscriminatorConfig(4)),
    ):
        outputs = network(faces)
        (outputs if isinstance(outputs, torch.Tensor) else outputs[0]).sum().backward()
        assert [name for name, each in network.named_parameters() if each.grad is None] == []


def test_shrinking_a_flat_picture_leaves_its_middle_flat():
    conv = BlurredConv(1, 1, 1, is_linear=True)
    torch.nn.init.ones_(conv.conv.weight)
    shrunk = conv(torch.full((1, 1, 16, 16), 3.0))
    torch.testing.assert_close(shrunk[..., 1:-1, 1:-1], torch.full((1, 1, 6, 6), 3.0))


def test_pictures_without_variety_are_told_apart_from_varied_ones(rng):
    same = torch.randn(1, 2, 4, 4, generator=rng).expand(4, -1, -1, -1)
    varied = torch.randn(4, 2, 4, 4, generator=rng)
    assert with_deviation(same, 4)[:, 2].max() < 1e-3
    assert with_deviation(varied, 4)[:, 2].min() > 0.5


def test_a_batch_that_is_no_multiple_of_a_group_is_compared_in_smaller_ones():
    features = torch.arange(6.0)[:, None, None, None].expand(-1, 2, 4, 4)
    assert (
        with_deviation(features, group=4)[:, -1, 0, 0].tolist()
        == with_deviation(features, group=3)[:, -1, 0, 0].tolist()
    )
    assert with_deviation(features[:5], group=4)[:, -1].max() < 1e-3  # each alone
