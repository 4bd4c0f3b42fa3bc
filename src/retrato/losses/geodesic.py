"""How far the layers of a picture's style have drifted apart (Menon et al., 2020)."""

import torch

from retrato.networks.stylegan2 import Styles
from retrato.shapes import Scalar

SCALE = 64.0
"""What a squared radian counts: 512 / 8 in the published code."""


def geodesic_cross_loss(styles: Styles) -> Scalar:
    """PULSE's GEOCROSS: the squared angle between the styles of any two layers, on average over all pairs and pictures.

    As published: of each layer with itself too, of the styles that the network gets, the angle of vectors that differ
    in length by how their sum and difference compare. 0 where all layers have one style.
    """
    first, second = styles[:, None], styles[:, :, None]  # (N, 1, L, S), (N, L, 1, S)
    apart = ((first - second).square().sum(-1) + 1e-9).sqrt()  # (N, L, L); without an addend the slope at 0 is infinite
    together = ((first + second).square().sum(-1) + 1e-9).sqrt()
    return SCALE * (2 * torch.atan2(apart, together)).square().mean()
