"""The parameter names of GFPGAN's ArcFace-18, and ours."""

import re

from retrato.weights.names.rename import Patterns, rename

OUTSIDE: Patterns = (
    (r"conv1\.(weight)", r"first.0.\1"),
    (r"bn1\.(.+)", r"first.1.\1"),
    (r"prelu\.(weight)", r"first_activation.\1"),
    (r"bn4\.(.+)", r"last_norm.\1"),
    (r"fc5\.(weight|bias)", r"gather.\1"),
    (r"bn5\.(.+)", r"gather_norm.\1"),
)
"""Whole names outside the blocks."""

BLOCK: Patterns = (
    (r"bn0\.(.+)", r"norm.\1"),
    (r"conv([12])\.weight", r"conv\1.0.weight"),
    (r"bn([12])\.(.+)", r"conv\1.1.\2"),
    (r"prelu\.(weight)", r"activation.\1"),
    (r"downsample\.([01]\..+)", r"shortcut.\1"),
)
"""Names within a block."""

BLOCKS_IN_LAYER = 2


def arcface_to_ours(name: str) -> str:
    """Our name for a published one, which may begin with the `module.` of a network trained on several GPUs.

    Raises:
        KeyError: there is no such published name.
    """
    name = name.removeprefix("module.")
    block = re.fullmatch(r"layer([1-4])\.([01])\.(.+)", name)
    if block is None:
        return rename(name, OUTSIDE)
    layer, index, inner = block.groups()
    return f"blocks.{BLOCKS_IN_LAYER * (int(layer) - 1) + int(index)}.{rename(inner, BLOCK)}"
