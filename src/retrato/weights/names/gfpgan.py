"""The published clean GFP-GAN's parameter names, and ours.

Published: `GFPGANv1Clean` in TencentARC/GFPGAN, the layout of v1.2, v1.3 and v1.4.
"""

from retrato.weights.names.rename import Patterns, rename

CLEAN_TO_OURS: Patterns = (
    (r"conv_body_first\.(.+)", r"unet.first.\1"),
    (r"conv_body_down\.(\d+)\.skip\.weight", r"unet.down.\1.shortcut.weight"),
    (r"conv_body_down\.(\d+)\.(conv[12]\..+)", r"unet.down.\1.\2"),
    (r"final_conv\.(.+)", r"unet.middle.\1"),
    (r"final_linear\.(.+)", r"unet.to_styles.\1"),
    (r"conv_body_up\.(\d+)\.skip\.weight", r"unet.up.\1.shortcut.weight"),
    (r"conv_body_up\.(\d+)\.(conv[12]\..+)", r"unet.up.\1.\2"),
    (r"toRGB\.(\d+\..+)", r"unet.to_rgb.\1"),
    (r"condition_scale\.(\d+\..+)", r"unet.scales.\1"),
    (r"condition_shift\.(\d+\..+)", r"unet.shifts.\1"),
)
"""Whole-name patterns outside the prior."""

PRIOR_LAYER: Patterns = (
    (r"modulated_conv\.modulation\.(weight|bias)", r"conv.to_scale.\1"),
    (r"modulated_conv\.weight", r"conv.weight"),
    (r"weight", r"noise_strength"),
    (r"bias", r"bias"),
)
"""Names within one `StyleConv` or `ToRGB` of the published StyleGAN2."""


def clean_to_ours(name: str) -> str:
    """Our name for a parameter of the published clean model.

    Raises:
        KeyError: the published model has no such name.
    """
    if name.startswith("stylegan_decoder."):
        return "prior." + _prior_name(name.removeprefix("stylegan_decoder."))
    return rename(name, CLEAN_TO_OURS)


def _prior_name(name: str) -> str:
    head, _, rest = name.partition(".")
    match head:
        case "constant_input":
            ours = "constant"
        case "style_mlp":
            index, kind = rest.split(".")
            ours = f"mapping.{int(index) - 1}.{kind}"  # the published list begins with the normalisation
        case "noises":
            ours = f"{_layer(int(rest.removeprefix('noise')))}.noise"
        case "style_conv1":
            ours = f"first.{rename(rest, PRIOR_LAYER)}"
        case "to_rgb1":
            ours = f"first_to_rgb.{rename(rest, PRIOR_LAYER)}"
        case "style_convs":
            index, _, inner = rest.partition(".")
            ours = f"{_layer(int(index) + 1)}.{rename(inner, PRIOR_LAYER)}"
        case "to_rgbs":
            index, _, inner = rest.partition(".")
            ours = f"blocks.{index}.to_rgb.{rename(inner, PRIOR_LAYER)}"
        case _:
            raise KeyError(name)
    return ours


def _layer(index: int) -> str:
    """Layer 0 works at 4 px; then two for each resolution."""
    if index == 0:
        return "first"
    return f"blocks.{(index - 1) // 2}.{('enlarge', 'refine')[(index - 1) % 2]}"
