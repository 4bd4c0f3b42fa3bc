"""The parameter names of AdaFace's checkpoints, and ours."""

import re

from retrato.weights.names.rename import Patterns, rename

PREFIX, HEAD = "model.", "head."
"""What a checkpoint of training puts before the network's names; and what told its training's people apart."""

OUTSIDE: Patterns = (
    (r"input_layer\.([01]\..+)", r"first.\1"),
    (r"input_layer\.2\.(weight)", r"first_activation.\1"),
    (r"output_layer\.0\.(.+)", r"last_norm.\1"),
    (r"output_layer\.3\.(weight|bias)", r"gather.\1"),
    (r"output_layer\.4\.(.+)", r"gather_norm.\1"),
)
"""Whole names outside the blocks."""
BLOCK: Patterns = (
    (r"shortcut_layer\.([01]\..+)", r"shortcut.\1"),
    (r"res_layer\.0\.(.+)", r"norm.\1"),
    (r"res_layer\.1\.(weight)", r"conv1.0.\1"),
    (r"res_layer\.2\.(.+)", r"conv1.1.\1"),
    (r"res_layer\.3\.(weight)", r"activation.\1"),
    (r"res_layer\.4\.(weight)", r"conv2.0.\1"),
    (r"res_layer\.5\.(.+)", r"conv2.1.\1"),
)
"""Names within a block."""


def adaface_to_ours(name: str) -> str:
    """Our name for a published one, which may begin with the checkpoint's prefix.

    Raises:
        KeyError: there is no such published name.
    """
    name = name.removeprefix(PREFIX)
    block = re.fullmatch(r"body\.(\d+)\.(.+)", name)
    return f"blocks.{block[1]}.{rename(block[2], BLOCK)}" if block else rename(name, OUTSIDE)
