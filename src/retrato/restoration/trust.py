"""How far a restored face can be trusted to show the person, when nobody knows the truth.

A face is trusted as far as two things hold, both by a network that knows people. The crop shows somebody: it is unlike
what would be left of it at 8 pixels. And the restored face is like the crop. Neither alone will do: of a crop that
shows nobody, a restorer makes nobody, much like it.
"""

from collections.abc import Sequence

import cv2
from jaxtyping import Float
from torch import Tensor

from retrato.restoration.likeness import Embed, embedded
from retrato.shapes import Image

LEAST_TRUST = 0.4
"""Below this a face is largely guessed. Of 100 such faces 82 were less like the truth than a cosine of 0.6, of 100
others 7 (benchmarks/trust.py)."""
NOBODY_SIZE = 8
"""Pixels across a crop, at which nobody can be told from anybody."""


def trusts(embed: Embed, crops: Sequence[Image], restored: Sequence[Image]) -> list[float]:
    """How far each restored face can be trusted to show the person of its crop: 0, not at all, to 1, in thousandths.

    Args:
        embed: aligned faces to what a recognition network makes of them.
        crops: what was restored.
        restored: what came of it.
    """
    if not crops:
        return []
    before, after = embedded(embed, crops), embedded(embed, restored)
    nobody = embedded(embed, [_at_nobody_size(each) for each in crops])
    found: list[float] = (_cosines(before, after) * (1 - _cosines(before, nobody))).tolist()
    return [round(each, 3) for each in found]


def is_largely_guessed(trust: float | None) -> bool:
    """Whether a face that was restored may well show somebody else.

    Args:
        trust: in it; None where nobody asked, and nobody knows.
    """
    return trust is not None and trust < LEAST_TRUST


def _at_nobody_size(crop: Image) -> Image:
    small = cv2.resize(crop, (NOBODY_SIZE, NOBODY_SIZE), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _cosines(one: Float[Tensor, "n e"], other: Float[Tensor, "n e"]) -> Float[Tensor, " n"]:
    return (one * other).sum(1).clamp(0, 1)
