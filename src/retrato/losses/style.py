"""Whether two pictures share their textures, wherever these stand (Gatys et al., 2016)."""

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Scalar

Features = Float[Tensor, "n _ _ _"]


def gram_matrix(features: Float[Tensor, "n c _ _"]) -> Float[Tensor, "n c c"]:
    """How channels go together, over all positions, divided by the number of values; summed in float32."""
    flat = features.float().flatten(2)  # (N, C, P)
    with torch.autocast(features.device.type, enabled=False):
        return flat @ flat.mT / flat[0].numel()


def style_loss(features: list[Features], target: list[Features]) -> Scalar:
    """Mean absolute difference of the Gram matrices, summed over feature maps."""
    pairs = zip(features, target, strict=True)
    return torch.stack([(gram_matrix(one) - gram_matrix(other)).abs().mean() for one, other in pairs]).sum()
