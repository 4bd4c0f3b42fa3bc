"""Whether two pictures look alike to a network that has learned to see (Johnson et al., 2016)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from retrato.networks.vgg import VGGLayer
from retrato.shapes import Features, Scalar

LAYER_WEIGHTS = {
    VGGLayer.CONV1_2: 0.1,
    VGGLayer.CONV2_2: 0.1,
    VGGLayer.CONV3_4: 1.0,
    VGGLayer.CONV4_4: 1.0,
    VGGLayer.CONV5_4: 1.0,
}
"""What each layer counts in GFP-GAN's perceptual loss and in its style loss (its published training config)."""


def perceptual_loss(features: list[Features], target: list[Features], weights: Sequence[float]) -> Scalar:
    """Mean absolute difference of features, summed over layers with a weight for each (Wang et al., 2021, section 3.4).

    Args:
        features: of the restored pictures, for each layer; GFP-GAN compares them before their ReLU.
        target: of the pictures to reach.
        weights: what each layer counts.
    """
    pairs = zip(weights, features, target, strict=True)
    losses = [weight * F.l1_loss(one, other) for weight, one, other in pairs]
    return torch.stack(losses).sum()
