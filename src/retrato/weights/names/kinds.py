"""The kinds in which GFP-GAN and StyleGAN2 were published."""

from enum import StrEnum

from retrato.networks.resampling import Resampling


class Kind(StrEnum):
    """What a published network's tensors mean."""

    CLEAN = "clean"
    """Plain weights, bilinear: `GFPGANv1Clean`, the layout of v1.2, v1.3 and v1.4."""
    BILINEAR = "bilinear"
    """Equalised learning rates, bilinear: `GFPGANBilinear`, what the clean ones were trained as."""
    ORIGINAL = "original"
    """Equalised learning rates, FIR: `GFPGANv1`, and BasicSR's `StyleGAN2Generator`."""

    @property
    def resampling(self) -> Resampling:
        """How it changes the resolution."""
        return Resampling.FIR if self is Kind.ORIGINAL else Resampling.BILINEAR
