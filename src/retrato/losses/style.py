"""Whether two pictures share their textures, wherever these stand (Gatys et al., 2016)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Features, Scalar


def gram_matrix(features: Float[Tensor, "n c _ _"]) -> Float[Tensor, "n c c"]:
    """How channels go together, over all positions, divided by the number of values; summed in float32."""
    flat = features.float().flatten(2)  # (N, C, P)
    with torch.autocast(features.device.type, enabled=False):
        return flat @ flat.mT / flat[0].numel()


def style_loss(features: list[Features], target: list[Features], weights: Sequence[float]) -> Scalar:
    """Mean absolute difference of the Gram matrices, summed over feature maps with a weight for each."""
    pairs = zip(weights, features, target, strict=True)
    losses = [weight * (gram_matrix(one) - gram_matrix(other)).abs().mean() for weight, one, other in pairs]
    return torch.stack(losses).sum()
