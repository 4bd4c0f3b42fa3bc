"""DCGAN (Radford et al., 2016): the first convolutional networks that drew pictures and could be trained reliably."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from retrato.shapes import Faces, PerPicture

DEVIATION = 0.02
"""Of all weights in the beginning (section 4)."""
SLOPE = 0.2
"""Of the discriminator's rectifiers below zero (section 4)."""

Latents = Float[Tensor, "n latent"]


@dataclass(frozen=True)
class DCGANConfig:
    """Shape of the generator."""

    image_size: int = 64
    """Width and height of the pictures: 4, 5, 6 or 7, doubled once or more."""
    latent_size: int = 100
    """How many numbers a picture is drawn from."""
    channels: int = 128
    """Of the finest features, those at half the picture's size; each coarser resolution has twice as many."""

    def __post_init__(self) -> None:
        """Refuse sizes that doubling does not lead to."""
        widths(self.image_size, self.channels)
        if self.latent_size < 1:
            raise ValueError(f"latent_size must be at least 1, found {self.latent_size}")


@dataclass(frozen=True)
class DCGANDiscriminatorConfig:
    """Shape of the discriminator."""

    image_size: int = 64
    """Width and height of the pictures, as the generator's."""
    channels: int = 64
    """Of the finest features, those at half the picture's size; each coarser resolution has twice as many."""

    def __post_init__(self) -> None:
        """Refuse sizes that doubling does not lead to."""
        widths(self.image_size, self.channels)


class DCGAN(nn.Module):
    """Latents in, pictures out: as many doublings as it takes, each a strided convolution turned round (figure 1)."""

    def __init__(self, config: DCGANConfig | None = None) -> None:
        super().__init__()
        self.config = config or DCGANConfig()
        coarse_first = widths(self.config.image_size, self.config.channels)[::-1]
        side = smallest_side(self.config.image_size)
        self.project = nn.Sequential(
            nn.ConvTranspose2d(self.config.latent_size, coarse_first[0], side, bias=False),
            nn.BatchNorm2d(coarse_first[0]),
            nn.ReLU(),
        )
        self.doublings = nn.Sequential(
            *(
                nn.Sequential(
                    nn.ConvTranspose2d(coarse, fine, 4, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(fine),
                    nn.ReLU(),
                )
                for coarse, fine in pairwise(coarse_first)
            )
        )
        self.to_pictures = nn.ConvTranspose2d(coarse_first[-1], 3, 4, stride=2, padding=1, bias=False)
        begin_small(self)

    def forward(self, latents: Latents) -> Faces:
        """Pictures in [-1, 1]."""
        pictures: Faces = self.to_pictures(self.doublings(self.project(latents[:, :, None, None]))).float().tanh()
        return pictures


class DCGANDiscriminator(nn.Module):
    """Pictures in, logits out; strides instead of pooling, no hidden layer at the end (section 3)."""

    def __init__(self, config: DCGANDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config or DCGANDiscriminatorConfig()
        fine_first = widths(self.config.image_size, self.config.channels)
        self.from_pictures = nn.Sequential(
            nn.Conv2d(3, fine_first[0], 4, stride=2, padding=1, bias=False), nn.LeakyReLU(SLOPE)
        )
        self.halvings = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(fine, coarse, 4, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(coarse),
                    nn.LeakyReLU(SLOPE),
                )
                for fine, coarse in pairwise(fine_first)
            )
        )
        self.judge = nn.Conv2d(fine_first[-1], 1, smallest_side(self.config.image_size), bias=False)
        begin_small(self)

    def forward(self, pictures: Faces) -> PerPicture:
        """One logit for each picture, positive for real."""
        logits: PerPicture = self.judge(self.halvings(self.from_pictures(pictures))).float().flatten()
        return logits


def smallest_side(image_size: int) -> int:
    """The side from which doubling leads to a picture: 4 to 7.

    >>> [smallest_side(size) for size in (28, 32, 48, 64, 128)]
    [7, 4, 6, 4, 4]
    """
    while image_size > 7 and image_size % 2 == 0:
        image_size //= 2
    return image_size


def widths(image_size: int, channels: int) -> list[int]:
    """Channels at half the picture's size, at a quarter, and so on.

    >>> widths(64, 128)
    [128, 256, 512, 1024]

    Raises:
        ValueError: such pictures cannot be doubled to, or there are no channels.
    """
    side = smallest_side(image_size)
    if not 4 <= side <= 7 or image_size < 8 or channels < 1:
        raise ValueError(
            f"image_size must be 4, 5, 6 or 7, doubled once or more (28, 32, 48, 64, 128, ...), and channels at "
            f"least 1, found {image_size} and {channels}"
        )
    doublings = (image_size // side).bit_length() - 1
    return [channels * 2**each for each in range(doublings)]


@torch.no_grad()
def begin_small(network: nn.Module) -> None:
    """Weights as DCGAN's begin, and Pix2Pix's: normal around 0, those of normalisation around 1, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.normal_(0.0, DEVIATION)
        elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d):
            module.weight.normal_(1.0, DEVIATION)
        if getattr(module, "bias", None) is not None:
            module.bias.zero_()  # type: ignore[operator]
