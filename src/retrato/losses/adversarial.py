"""The game of restorer and discriminator (Goodfellow et al., 2014), in its non-saturating logistic form."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Scalar


def generator_loss(fake_logits: Tensor) -> Scalar:
    """Small when the discriminator takes fakes for real: the mean of log(1 + exp(-logits))."""
    return F.softplus(-fake_logits).mean()


def saturating_generator_loss(fake_logits: Tensor) -> Scalar:
    """The generator's part of the min-max game as it stands (Goodfellow et al., 2014, eq. 1): the mean of log(1 - D).

    Flat where the discriminator is sure of fakes, so that a young generator learns nothing; never more than 0.
    """
    return -F.softplus(fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Scalar:
    """Small when the discriminator tells both apart; 2 log 2 when it cannot."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def paired_generator_loss(fake_logits: Tensor, real_logits: Tensor) -> Scalar:
    """Small when each fake looks at least as real as the picture that it stands for (`paired_discriminator_loss`)."""
    return F.softplus(real_logits - fake_logits).mean()


def paired_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Scalar:
    """Small when each real picture looks more real than its own fake; 2 log 2 when it does not.

    Jolicoeur-Martineau (2019), section 4.1. With a restored face and its target, what both show cancels, and only how
    they differ is left to learn: on few faces, in small batches, that takes a tenth of the steps. Doubled, so that it
    compares with `discriminator_loss`.
    """
    return 2 * F.softplus(fake_logits - real_logits).mean()


def least_squares_generator_loss(fake_logits: Tensor) -> Scalar:
    """Small when fakes are given the 1 of real pictures (Mao et al., 2017, eq. 9)."""
    return (fake_logits - 1).square().mean()


def least_squares_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Scalar:
    """Small when real pictures are given 1 and fakes 0; 1/2 where both are given 1/2."""
    return (real_logits - 1).square().mean() + fake_logits.square().mean()


def gradient_penalty(real_logits: Tensor, real_pictures: Float[Tensor, "n ..."]) -> Scalar:
    """R1 (Mescheder et al., 2018, eq. 9, without its gamma / 2): the squared gradient at real pictures, on average.

    Args:
        real_logits: of `real_pictures`, which must require a gradient.
        real_pictures: what the discriminator saw; pictures, or anything else.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real_pictures, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean()
