"""The parameter names of `RestoreFormer` in TencentARC/GFPGAN, and ours."""

import re

from retrato.weights.names.rename import Patterns, rename

CODEBOOK = "quantize.embedding.weight"
"""A tensor by whose name a RestoreFormer is known."""

UNUSED = re.compile(r"encoder\.(?:mid\.attn_1|down\.\d+\.attn\.\d+)\.norm2\.(?:weight|bias)")
"""The published self-attention has the second normalisation of cross-attention, and never uses it."""

OUTSIDE: Patterns = (
    (r"quantize\.embedding\.weight", r"dictionary.weight"),
    (r"quant_conv\.(weight|bias)", r"to_codes.\1"),
    (r"post_quant_conv\.(weight|bias)", r"from_codes.\1"),
    (r"(encoder|decoder)\.conv_in\.(weight|bias)", r"\1.first.\2"),
    (r"(encoder|decoder)\.norm_out\.(weight|bias)", r"\1.last.0.\2"),
    (r"(encoder|decoder)\.conv_out\.(weight|bias)", r"\1.last.2.\2"),
    (r"encoder\.down\.(\d+)\.downsample\.conv\.(weight|bias)", r"encoder.halving.\1.\2"),
)
"""Whole names outside blocks and attention."""

PARTS: Patterns = (
    (r"(encoder|decoder)\.mid\.block_1\.(.+)", r"\1.before_middle \2"),
    (r"(encoder|decoder)\.mid\.block_2\.(.+)", r"\1.after_middle \2"),
    (r"(encoder|decoder)\.mid\.attn_1\.(.+)", r"\1.middle_attention \2"),
    (r"(encoder)\.down\.(\d+)\.block\.(\d+)\.(.+)", r"\1.levels.\2.\3 \4"),
    (r"(decoder)\.up\.(\d+)\.block\.(\d+)\.(.+)", r"\1.levels.\2.\3 \4"),
    (r"(encoder)\.down\.\d+\.attn\.(\d+)\.(.+)", r"\1.attention.\2 \3"),
    (r"(decoder)\.up\.\d+\.attn\.(\d+)\.(.+)", r"\1.attention.\2 \3"),
)
"""Blocks and attention, and what is within them."""

WITHIN: Patterns = (
    (r"norm([12])\.(weight|bias)", r"conv\1.0.\2"),
    (r"conv([12])\.(weight|bias)", r"conv\1.2.\2"),
    (r"nin_shortcut\.(weight|bias)", r"shortcut.\1"),
)
"""Names within a block."""

WITHIN_ATTENTION: Patterns = (
    (r"norm1\.(weight|bias)", r"norm.\1"),
    (r"norm2\.(weight|bias)", r"norm_of_seen.\1"),
    (r"q\.(weight|bias)", r"query.\1"),
    (r"k\.(weight|bias)", r"key.\1"),
    (r"v\.(weight|bias)", r"value.\1"),
    (r"proj_out\.(weight|bias)", r"answer.\1"),
)
"""Names within attention."""


def restoreformer_to_ours(name: str) -> str | None:
    """Our name for a published one; none for a tensor that the published network has and does not use.

    Raises:
        KeyError: there is no such published name.
    """
    if UNUSED.fullmatch(name):
        return None
    doubling = re.fullmatch(r"decoder\.up\.(\d+)\.upsample\.conv\.(weight|bias)", name)
    if doubling:  # counted by where it comes from there, by where it leads here
        return f"decoder.doubling.{int(doubling[1]) - 1}.{doubling[2]}"
    if any(re.fullmatch(pattern, name) for pattern, _ in OUTSIDE):
        return rename(name, OUTSIDE)
    part, inner = rename(name, PARTS).split()
    return f"{part}.{rename(inner, WITHIN_ATTENTION if 'attention' in part else WITHIN)}"
