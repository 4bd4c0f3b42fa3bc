"""The game of restorer and discriminator (Goodfellow et al., 2014), in its non-saturating logistic form."""

import torch
import torch.nn.functional as F
from torch import Tensor

from retrato.shapes import Pictures, Scalar


def generator_loss(fake_logits: Tensor) -> Scalar:
    """Small when the discriminator takes fakes for real: the mean of log(1 + exp(-logits))."""
    return F.softplus(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Scalar:
    """Small when the discriminator tells both apart; 2 log 2 when it cannot."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def gradient_penalty(real_logits: Tensor, real_pictures: Pictures) -> Scalar:
    """R1 (Mescheder et al., 2018, eq. 9, without its gamma / 2): the squared gradient at real pictures, on average.

    Args:
        real_logits: of `real_pictures`, which must require a gradient.
        real_pictures: what the discriminator saw.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real_pictures, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
