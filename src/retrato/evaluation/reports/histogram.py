"""How numbers are spread, as a small drawing (SVG)."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from retrato.evaluation.reports.markdown import number

BINS = 24
WIDTH, HEIGHT, FOOT = 320, 110, 18
"""Pixels; below the foot's line stand the ends of the scale."""


def histogram(numbers: Mapping[str, Sequence[float]], title: str) -> str:
    """Outlines of how many faces of each candidate lie where; `c0`, `c1`, … are their classes, in their order.

    Args:
        numbers: finite ones, of which there is at least one.
        title: for those who cannot see it.
    """
    every = np.concatenate([np.asarray(each, np.float64) for each in numbers.values()])
    low, high = float(every.min()), float(every.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts: list[list[int]] = [np.histogram(each, edges)[0].tolist() for each in numbers.values()]
    most = max(1, *(max(each) for each in counts))
    areas = "".join(f'<path class="area c{place}" d="{_outline(each, most)}"/>' for place, each in enumerate(counts))
    foot = (
        f'<path class=foot d="M0 {HEIGHT}H{WIDTH}"/><text x=0 y={HEIGHT + FOOT - 4}>{number(low)}</text>'
        f"<text x={WIDTH} y={HEIGHT + FOOT - 4} text-anchor=end>{number(high)}</text>"
    )
    label = escape(f"{title}: spread over the faces, from {number(low)} to {number(high)}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT + FOOT}" role=img aria-label="{label}">{areas}{foot}</svg>'


def _outline(counts: Sequence[int], most: int) -> str:
    """Steps from left to right, closed along the foot."""
    step = WIDTH / len(counts)
    tops = [HEIGHT - (HEIGHT - 6) * each / most for each in counts]
    path = "".join(f"V{top:.1f}H{(place + 1) * step:.1f}" for place, top in enumerate(tops))
    return f"M0 {HEIGHT}{path}V{HEIGHT}Z"
