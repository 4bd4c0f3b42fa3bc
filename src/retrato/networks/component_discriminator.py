"""GFP-GAN's discriminator of a facial component (Wang et al., 2021, section 3.4): a real eye or mouth?"""

from torch import Tensor, nn

from retrato.networks.convolutions import BlurredConv, PlainConv, begin_with_unit_gain
from retrato.shapes import Pictures


class ComponentDiscriminator(nn.Module):
    """Logits for every part of a component, and the features whose statistics a restored one should share."""

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
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
