"""Renaming by tables of patterns."""

import re

Patterns = tuple[tuple[str, str], ...]
"""(pattern of a whole published name, our name) pairs; the first that fits counts."""


def rename(name: str, table: Patterns) -> str:
    r"""Our name for a published one.

    >>> rename("conv.1.weight", ((r"conv\.(\d+)\.(.+)", r"layers.\1.\2"),))
    'layers.1.weight'

    Raises:
        KeyError: no pattern fits.
    """
    for pattern, replacement in table:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(replacement)
    raise KeyError(name)
