"""How good pictures go bad: draw a record by chance, then apply it exactly."""

from retrato.degradation.apply import degrade, grey
from retrato.degradation.record import HEAVY, LIGHT, PAPER, DegradationRanges, DegradationRecord, draw

__all__ = ["HEAVY", "LIGHT", "PAPER", "DegradationRanges", "DegradationRecord", "degrade", "draw", "grey"]
