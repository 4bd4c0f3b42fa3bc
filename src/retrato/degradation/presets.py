"""Named ranges of degradation."""

from enum import StrEnum

from retrato.degradation.colour import ColourRanges
from retrato.degradation.old_photo import OldPhotoRanges
from retrato.degradation.record import DegradationRanges


class Preset(StrEnum):
    """How bad pictures are made."""

    LIGHT = "light"
    PAPER = "paper"
    HEAVY = "heavy"
    PAPER_COLOUR = "paper-colour"
    EXTENDED = "extended"
    OLD_PHOTO = "old-photo"

    @property
    def ranges(self) -> DegradationRanges:
        """What may happen to a picture."""
        return PRESETS[self]


PRESETS = {
    Preset.LIGHT: DegradationRanges(
        blur_sigma=(0.1, 3.0), shrink=(0.8, 3.0), noise_sigma=(0.0, 8.0), jpeg_quality=(80.0, 100.0)
    ),
    # GFP-GAN's training config without its changes of colour, which make the published v1 colour grey photographs.
    Preset.PAPER: DegradationRanges(),
    Preset.HEAVY: DegradationRanges(
        blur_sigma=(5.0, 12.0), shrink=(6.0, 12.0), noise_sigma=(10.0, 25.0), jpeg_quality=(40.0, 70.0)
    ),
    # GFP-GAN's training config, options/train_gfpgan_v1.yml.
    Preset.PAPER_COLOUR: DegradationRanges(grey_target=False, colour=ColourRanges(shift_share=0.3, jitter_share=0.3)),
    # RestoreFormer++'s training config, configs/RestoreFormer++.yaml (Wang et al., 2023).
    Preset.EXTENDED: DegradationRanges(grey_share=0.008, haze_share=0.008, uneven_share=0.1, shift_share=0.2),
    Preset.OLD_PHOTO: DegradationRanges(
        blur_sigma=(0.1, 6.0),
        shrink=(0.8, 5.0),
        noise_sigma=(0.0, 10.0),
        old_photo=OldPhotoRanges(share=1.0),
    ),
}
