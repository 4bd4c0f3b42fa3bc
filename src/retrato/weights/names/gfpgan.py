"""The published GFP-GANs' parameters, and ours: names, and the scales of equalised learning rates.

Published: `GFPGANv1Clean`, `GFPGANBilinear` and `GFPGANv1` in TencentARC/GFPGAN. The last two have the same names;
where these differ from the clean one's, they also say which step of a layer a tensor is for.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from retrato.weights.names.equalised import GAIN, Gains, equalised, plain
from retrato.weights.names.kinds import Kind
from retrato.weights.names.rename import Patterns, rename
from retrato.weights.names.stylegan2 import stylegan2_to_ours, stylegan2_to_published

PRIOR = "stylegan_decoder."

UNET: Patterns = (
    (r"conv_body_first\.(?:\d\.)?(weight|bias)", r"first.\1"),
    (r"conv_body_down\.(\d+)\.skip\.(?:\d\.)?weight", r"down.\1.shortcut.weight"),
    (r"conv_body_down\.(\d+)\.(conv[12])\.(?:\d\.)?(weight|bias)", r"down.\1.\2.\3"),
    (r"final_conv\.(?:\d\.)?(weight|bias)", r"middle.\1"),
    (r"final_linear\.(.+)", r"to_styles.\1"),
    (r"conv_body_up\.(\d+)\.skip\.weight", r"up.\1.shortcut.weight"),
    (r"conv_body_up\.(\d+)\.(conv[12])\.(?:\d\.|activation\.)?(weight|bias)", r"up.\1.\2.\3"),
    (r"toRGB\.(\d+\..+)", r"to_rgb.\1"),
    (r"condition_scale\.(\d+\..+)", r"scales.\1"),
    (r"condition_shift\.(\d+\..+)", r"shifts.\1"),
)
"""Names outside the prior."""

PUBLISHED_CLEAN: Patterns = (
    (r"first\.(weight|bias)", r"conv_body_first.\1"),
    (r"down\.(\d+)\.shortcut\.weight", r"conv_body_down.\1.skip.weight"),
    (r"up\.(\d+)\.shortcut\.weight", r"conv_body_up.\1.skip.weight"),
    (r"(down|up)\.(\d+)\.(conv[12]\.(?:weight|bias))", r"conv_body_\1.\2.\3"),
    (r"middle\.(weight|bias)", r"final_conv.\1"),
    (r"to_styles\.(weight|bias)", r"final_linear.\1"),
    (r"to_rgb\.(\d+\.(?:weight|bias))", r"toRGB.\1"),
    (r"scales\.(\d+\.\d\.(?:weight|bias))", r"condition_scale.\1"),
    (r"shifts\.(\d+\.\d\.(?:weight|bias))", r"condition_shift.\1"),
)
"""The way back, in the clean kind."""
PUBLISHED_EQUALISED: Patterns = (
    (r"first\.weight", r"conv_body_first.0.weight"),
    (r"first\.bias", r"conv_body_first.1.bias"),
    (r"middle\.weight", r"final_conv.0.weight"),
    (r"middle\.bias", r"final_conv.1.bias"),
    (r"down\.(\d+)\.shortcut\.weight", r"conv_body_down.\1.skip.1.weight"),
    (r"down\.(\d+)\.conv2\.weight", r"conv_body_down.\1.conv2.1.weight"),
    (r"down\.(\d+)\.conv2\.bias", r"conv_body_down.\1.conv2.2.bias"),
    (r"(down|up)\.(\d+)\.conv1\.weight", r"conv_body_\1.\2.conv1.0.weight"),
    (r"(down|up)\.(\d+)\.conv1\.bias", r"conv_body_\1.\2.conv1.1.bias"),
    (r"up\.(\d+)\.conv2\.bias", r"conv_body_up.\1.conv2.activation.bias"),
    *PUBLISHED_CLEAN,
)
"""The way back in the other kinds, whose names say which step of a layer a tensor is for."""

UNET_GAINS: Gains = (
    (r"(first|middle)\..+", GAIN),
    (r"(down|up)\.\d+\.conv1\..+", GAIN),
    (r"(down|up)\.\d+\.shortcut\..+", 1 / GAIN),  # the sum with conv2 is divided by it; there it cancels
    (r"(scales|shifts)\.\d+\.0\..+", GAIN),
)

BLURRED: Patterns = ((r"(down\.\d+\.[^.]+)\.(weight|bias)", r"\1.conv.\2"), (r"(.+)", r"\1"))
"""Names within the way down where it has blurred convolutions, as the discriminator does."""


def gfpgan_to_ours(published: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """Parameters of our GFP-GAN, from those of a published one.

    Raises:
        KeyError: a name is unknown.
    """
    prior = {name.removeprefix(PRIOR): tensor for name, tensor in published.items() if name.startswith(PRIOR)}
    unet = {rename(name, UNET): tensor for name, tensor in published.items() if not name.startswith(PRIOR)}
    return {
        **{f"prior.{ours}": tensor for ours, tensor in stylegan2_to_ours(prior, kind).items()},
        **{f"unet.{ours}": tensor for ours, tensor in _unet_to_ours(unet, kind).items()},
    }


def gfpgan_to_published(ours: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    """Parameters of a published GFP-GAN, from those of ours: the way back from `gfpgan_to_ours`.

    Raises:
        KeyError: a name is unknown, as that of a map of what is kept of the input.
    """
    prior = {name.removeprefix("prior."): tensor for name, tensor in ours.items() if name.startswith("prior.")}
    rest = {name.removeprefix("unet."): tensor for name, tensor in ours.items() if not name.startswith("prior.")}
    return {
        **_unet_to_published(rest, kind),
        **{PRIOR + name: tensor for name, tensor in stylegan2_to_published(prior, kind).items()},
    }


def _unet_to_published(ours: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    if kind is Kind.CLEAN:
        return {rename(name, PUBLISHED_CLEAN): tensor for name, tensor in ours.items()}
    plain_names = {re.sub(r"^(down\..+)\.conv\.", r"\1.", name): tensor for name, tensor in ours.items()}
    return {
        rename(name, PUBLISHED_EQUALISED): equalised(name, tensor, UNET_GAINS) for name, tensor in plain_names.items()
    }


def _unet_to_ours(named: Mapping[str, Tensor], kind: Kind) -> dict[str, Tensor]:
    if kind is Kind.CLEAN:
        return {ours: tensor.float() for ours, tensor in named.items()}
    scaled = {ours: plain(ours, tensor, UNET_GAINS) for ours, tensor in named.items()}
    return {rename(ours, BLURRED): tensor for ours, tensor in scaled.items()} if kind is Kind.ORIGINAL else scaled
