"""CycleGAN (Zhu et al., 2017): two networks that translate pictures, one forth and one back.

Each is the residual network of Johnson et al. (2016), with the numbers of CycleGAN's appendix 7.2. Unlike a U-Net, it
lets nothing past its middle, and takes pictures of any size that can be halved twice.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from retrato.networks.dcgan import begin_small
from retrato.shapes import Faces

REACH = 3
"""Pixels that the first and the last kernel see to each side."""


@dataclass(frozen=True)
class CycleGANConfig:
    """Shape of both translators."""

    image_size: int = 256
    """Width and height of the pictures."""
    channels: int = 64
    """At the picture's own size; each of the two halvings doubles them."""
    blocks: int = 9
    """Residual ones in the middle: 9 for 256 px, 6 for 128."""

    def __post_init__(self) -> None:
        """Refuse shapes that are none."""
        if self.image_size < 8 or self.image_size % 4:
            raise ValueError(f"image_size must be a multiple of 4 from 8 on, found {self.image_size}")
        if self.channels < 1 or self.blocks < 1:
            raise ValueError(f"channels and blocks must be at least 1, found {self}")


class CycleGAN(nn.Module):
    """Both translators."""

    def __init__(self, config: CycleGANConfig | None = None) -> None:
        super().__init__()
        self.config = config or CycleGANConfig()
        self.forth = ResidualTranslator(self.config)
        self.back = ResidualTranslator(self.config)

    def forward(self, source: Faces) -> Faces:
        """Sources in, targets out."""
        translated: Faces = self.forth(source)
        return translated


class ResidualTranslator(nn.Module):
    """Pictures of one kind in, of another kind out: halved twice, changed, doubled twice."""

    def __init__(self, config: CycleGANConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.encoder = nn.Sequential(
            nn.ReflectionPad2d(REACH),
            *_normalised(nn.Conv2d(3, width, 7, bias=False)),
            *_normalised(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False)),
            *_normalised(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1, bias=False)),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(config.blocks)))
        self.decoder = nn.Sequential(
            *_normalised(_doubling(4 * width, 2 * width)),
            *_normalised(_doubling(2 * width, width)),
            nn.ReflectionPad2d(REACH),
            nn.Conv2d(width, 3, 7),
        )
        begin_small(self)

    def forward(self, pictures: Faces) -> Faces:
        """Pictures in [-1, 1]."""
        features: Tensor = self.blocks(self.encoder(pictures))
        translated: Faces = self.decoder(features).float().tanh()
        return translated


class ResidualBlock(nn.Module):
    """What it adds to its input; mirrored at the border, lest that be seen."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_normalised(nn.Conv2d(channels, channels, 3, bias=False)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Of the same shape."""
        changed: Tensor = features + self.change(features)
        return changed


def _normalised(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.ReLU()]


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
