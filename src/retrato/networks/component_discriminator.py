"""GFP-GAN's discriminator of a facial component (Wang et al., 2021, section 3.4): a real eye or mouth?"""

from dataclasses import dataclass

from torch import Tensor, nn

from retrato.networks.convolutions import BlurredConv, PlainConv, begin_with_unit_gain
from retrato.shapes import Pictures


@dataclass(frozen=True)
class ComponentDiscriminatorConfig:
    """Shape of the discriminator; the default is the published one."""

    channels: int = 64
    """Of the finest features; the coarsest have four times as many."""

    def __post_init__(self) -> None:
        """Refuse shapes that no discriminator has."""
        if self.channels < 1:
            raise ValueError(f"channels must be at least 1, found {self.channels}")


class ComponentDiscriminator(nn.Module):
    """Logits for every part of a component, and the features whose statistics a restored one should share."""

    def __init__(self, config: ComponentDiscriminatorConfig) -> None:
        super().__init__()
        channels = config.channels
        self.fine = nn.Sequential(
            PlainConv(3, channels, 3), BlurredConv(channels, 2 * channels, 3), PlainConv(2 * channels, 2 * channels, 3)
        )
        self.coarse = nn.Sequential(
            BlurredConv(2 * channels, 4 * channels, 3), PlainConv(4 * channels, 4 * channels, 3)
        )
        self.judge = nn.Conv2d(4 * channels, 1, 3, padding=1)
        begin_with_unit_gain(self.judge)

    def forward(self, components: Pictures) -> tuple[Tensor, list[Tensor]]:
        """(N, 1, h / 4, w / 4) logits, positive for real; features at half and at a quarter of the resolution."""
        fine = self.fine(components)
        coarse = self.coarse(fine)
        return self.judge(coarse).float(), [fine, coarse]
