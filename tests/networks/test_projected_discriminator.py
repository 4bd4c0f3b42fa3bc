import copy

import pytest
import torch
from torch import nn

from retrato.losses import discriminator_loss
from retrato.networks.projected_discriminator import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from retrato.networks.squeezenet import SqueezeNet

TINY = ProjectedDiscriminatorConfig(seen_size=64, channels=4, channel_max=8)


def a_trunk():
    """Not trained, but with features that differ from picture to picture, as a trained one's do."""
    torch.manual_seed(0)
    trunk = SqueezeNet()
    for each in trunk.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.kaiming_normal_(each.weight)
            nn.init.zeros_(each.bias)
    return trunk


@pytest.fixture
def discriminator():
    return ProjectedDiscriminator(a_trunk(), TINY)


@pytest.mark.parametrize("size", [16, 64, 100])
def test_pictures_of_any_size_get_as_many_logits(discriminator, size):
    found = discriminator(torch.rand(2, 3, size, size))
    assert found.shape == discriminator(torch.rand(2, 3, 64, 64)).shape
    assert found.dtype == torch.float32


def test_as_published_every_scale_ends_in_as_many_judgements():
    discriminator = ProjectedDiscriminator(a_trunk(), ProjectedDiscriminatorConfig())
    features = discriminator._mixed(discriminator.trunk(torch.rand(1, 3, 128, 128)))
    sizes = [judge(each).shape[2:] for judge, each in zip(discriminator.judges, features, strict=True)]
    assert sizes == [(3, 3)] * 4


def test_only_the_judges_learn(discriminator):
    learning = {name for name, each in discriminator.named_parameters() if each.requires_grad}
    assert learning
    assert all(name.startswith("judges.") for name in learning)


def test_a_finer_scale_has_something_of_all_coarser_ones(discriminator):
    slices = [each.detach().requires_grad_() for each in discriminator.trunk(torch.rand(1, 3, 64, 64))]
    finest, *_, coarsest = discriminator._mixed(slices)
    seen = torch.autograd.grad(finest.sum(), [slices[0], slices[1], slices[2], slices[6]], retain_graph=True)
    assert all(each.any() for each in seen)
    assert torch.autograd.grad(coarsest.sum(), slices[0], allow_unused=True) == (None,)


def test_gradients_reach_the_pictures(discriminator):
    pictures = torch.rand(2, 3, 64, 64, requires_grad=True)
    discriminator(pictures).sum().backward()
    assert pictures.grad.flatten(1).any(1).all()


def test_it_soon_tells_noise_from_even_pictures(discriminator):
    rng = torch.Generator().manual_seed(0)
    learning = [each for each in discriminator.parameters() if each.requires_grad]
    optimizer = torch.optim.Adam(learning, 3e-3, betas=(0.0, 0.99))
    losses = []
    for _ in range(30):
        noise = torch.randn(8, 3, 64, 64, generator=rng)
        even = torch.randn(8, 3, 1, 1, generator=rng).expand_as(noise)
        loss = discriminator_loss(discriminator(noise), discriminator(even))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_colours_that_no_picture_has_are_seen(discriminator):
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    assert not torch.allclose(
        discriminator(pictures), discriminator(pictures * torch.tensor([3.0, 1, 1])[:, None, None])
    )


def test_a_copy_is_as_the_original(discriminator):
    discriminator.eval()
    pictures = torch.rand(2, 3, 64, 64)
    assert torch.equal(copy.deepcopy(discriminator)(pictures), discriminator(pictures))


@pytest.mark.parametrize("wrong", [{"seen_size": 32}, {"channels": 0}, {"channel_max": 0}, {"deviation_group": 0}])
def test_shapes_that_no_discriminator_has_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ProjectedDiscriminatorConfig(**wrong)
