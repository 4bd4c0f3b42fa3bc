"""How good pictures go bad: draw a record by chance, then apply it exactly."""

from retrato.degradation.apply import degrade
from retrato.degradation.colour import ColourRanges, grey
from retrato.degradation.light import LightRanges
from retrato.degradation.old_photo import OldPhotoRanges
from retrato.degradation.presets import Preset
from retrato.degradation.record import DegradationRanges, DegradationRecord, draw

__all__ = [
    "ColourRanges",
    "DegradationRanges",
    "DegradationRecord",
    "LightRanges",
    "OldPhotoRanges",
    "Preset",
    "degrade",
    "draw",
    "grey",
]
