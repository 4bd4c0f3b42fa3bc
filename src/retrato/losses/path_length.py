"""Steps of the same length in style space are to change pictures equally much, whatever the style and direction.

Path length regularisation (Karras et al., 2020, Analyzing and improving the image quality of StyleGAN, section 3.2).
"""

import math

import torch

from retrato.networks.noise import NoiseSeeds, seeded_noise
from retrato.networks.stylegan2 import Styles
from retrato.shapes import PerPicture, Pictures, Scalar


def path_lengths(pictures: Pictures, styles: Styles, seeds: NoiseSeeds) -> PerPicture:
    """How much each picture changes with its styles, along a change of the picture by chance.

    The gradient's square is summed over a style and averaged over layers, as in the published implementation.

    Args:
        pictures: drawn from `styles`.
        styles: which must require a gradient.
        seeds: of the change of each picture: Gaussian, divided by the root of the number of pixels.
    """
    noise = seeded_noise(seeds, tuple(pictures.shape[1:])).to(pictures)
    change = (pictures * noise).sum() / math.sqrt(pictures.shape[2] * pictures.shape[3])
    (gradient,) = torch.autograd.grad(change, styles, create_graph=True)  # (N, layers, style)
    return gradient.square().sum(2).mean(1).sqrt()


def path_length_penalty(lengths: PerPicture, mean_length: Scalar, pull: float = 0.01) -> tuple[Scalar, Scalar]:
    """How far path lengths are from their running mean, squared; and the new mean.

    Args:
        lengths: from `path_lengths`.
        mean_length: what this gave as the new mean before; 0 to begin with.
        pull: how much of the new mean comes from these lengths; the published value.
    """
    new_mean = mean_length.lerp(lengths.mean(), pull)  # takes part in the gradient, as in the published implementation
    return (lengths - new_mean).square().mean(), new_mean.detach()
