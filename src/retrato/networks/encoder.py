"""From faces to the latents of a generator: the other half of an autoencoder (Kingma and Welling, 2014)."""

import torch.nn.functional as F
from torch import Tensor, nn

from retrato.networks.convolutions import PlainConv
from retrato.networks.discriminator import down_to_4
from retrato.networks.modulation import Style
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.shapes import Faces

SPREAD = 0.6
"""Of the means of all faces' latents along each dimension, where latents by chance have 1."""


class FaceEncoder(nn.Module):
    """Residual blocks down to 4 px, then a normal distribution of latents for each face.

    As a discriminator looks at what a generator of this shape draws, with as many channels at each resolution.
    """

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        first = config.image_size
        self.first = PlainConv(3, config.channels(first), 1)
        self.blocks = nn.Sequential(*down_to_4(first, config.channels))
        last = config.channels(4)
        self.gather = nn.Linear(last * 4 * 4, last)
        self.describe = nn.Linear(last, 2 * config.style_size)
        self.spread = nn.BatchNorm1d(config.style_size, affine=False)

    def forward(self, faces: Faces) -> tuple[Style, Style]:
        """The mean and the logarithm of the variance of each latent.

        The means of a batch are brought to a mean of 0 and a fixed spread (Zhu et al., 2020, A batch normalized
        inference network keeps the KL vanishing away): latents by chance then lie where faces' latents do.
        """
        features: Tensor = self.blocks(self.first(faces))
        gathered = F.leaky_relu(self.gather(features.flatten(1)), 0.2)
        mean, log_variance = self.describe(gathered).float().chunk(2, 1)
        return SPREAD * self.spread(mean), log_variance.clamp(-10, 10)


def drawn_latents(mean: Style, log_variance: Style, unit: Style) -> Style:
    """Latents of those distributions, for unit normal numbers: a gradient goes back to the distributions."""
    return mean + (log_variance / 2).exp() * unit


def surprise(mean: Style, log_variance: Style) -> Tensor:
    """Nats by which each distribution differs from the unit normal one (Kingma and Welling, 2014, appendix B): (N,)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
