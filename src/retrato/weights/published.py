"""GFP-GAN, StyleGAN2 and RestoreFormer as they were published, made into weights of ours.

A published file says nothing about itself: which network it holds, of which kind and how wide, shows in the names and
shapes of its tensors.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from retrato.errors import UnusableWeights
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.restoreformer import RestoreFormerConfig
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.weights.names.gfpgan import PRIOR, gfpgan_to_ours
from retrato.weights.names.kinds import Kind
from retrato.weights.names.restoreformer import CODEBOOK, restoreformer_to_ours
from retrato.weights.names.stylegan2 import stylegan2_to_ours
from retrato.weights.store import StoredWeights, config_fields

CONSTANT = "constant_input.weight"
"""A tensor that every published StyleGAN2 has, also the one within a GFP-GAN."""


@dataclass(frozen=True)
class Published:
    """What a published file holds."""

    kind: Kind
    config: GFPGANConfig | StyleGAN2Config


def is_published(names: Container[str]) -> bool:
    """Whether tensors of these names may be a network that is known here."""
    return CONSTANT in names or PRIOR + CONSTANT in names or CODEBOOK in names


def recognised(tensors: Mapping[str, Tensor], path: Path) -> Published:
    """Which network the tensors of that file are for.

    Raises:
        UnusableWeights: another one, or some tensors are missing.
    """
    if CONSTANT not in tensors and PRIOR + CONSTANT not in tensors:
        raise UnusableWeights(f"{path} holds no GFP-GAN and no StyleGAN2: none of its tensors is called {CONSTANT}")
    restores = PRIOR + CONSTANT in tensors
    prior = _prior_of(tensors) if restores else tensors
    try:
        config = _prior_config(prior)
    except (KeyError, IndexError, ValueError) as error:
        raise UnusableWeights(f"{path} is not a whole network of a known kind: {error}") from error
    kind = _kind(prior, config, restores)
    config = replace(config, resampling=kind.resampling)
    return Published(kind, GFPGANConfig(config) if restores else config)


def from_published(tensors: Mapping[str, Tensor], path: Path) -> StoredWeights:
    """The weights of that file by our names, with the scales of equalised learning rates folded in.

    Raises:
        UnusableWeights: the tensors are for another network, or some are unknown.
    """
    if CODEBOOK in tensors:
        return restoreformer_weights(tensors, path)
    found = recognised(tensors, path)
    network, to_ours = (
        ("gfpgan", gfpgan_to_ours) if isinstance(found.config, GFPGANConfig) else ("stylegan2", stylegan2_to_ours)
    )
    try:
        ours = to_ours(tensors, found.kind)
    except KeyError as error:
        raise UnusableWeights(
            f"{path} has a tensor that no published network of the kind {found.kind} has: {error}"
        ) from error
    if len(ours) < len(tensors):
        raise UnusableWeights(f"{path} has some tensors twice, by the names of several kinds")
    return StoredWeights(network, config_fields(found.config), ours, {})


def restoreformer_weights(tensors: Mapping[str, Tensor], path: Path) -> StoredWeights:
    """The weights of a file with a RestoreFormer, by our names.

    Raises:
        UnusableWeights: some tensors are missing or unknown.
    """
    try:
        config = _restoreformer_config(tensors)
        named = [(restoreformer_to_ours(name), tensor.float()) for name, tensor in tensors.items()]
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UnusableWeights(f"{path} is not a whole RestoreFormer as published: {error}") from error
    used = [(name, tensor) for name, tensor in named if name is not None]
    ours = dict(used)
    if len(ours) < len(used):
        raise UnusableWeights(f"{path} is no RestoreFormer as published: it attends at several resolutions")
    return StoredWeights("restoreformer", config_fields(config), ours, {})


def _restoreformer_config(tensors: Mapping[str, Tensor]) -> RestoreFormerConfig:
    """Sizes as the tensors have them; the number of heads shows in none."""
    channels = tensors["encoder.conv_in.weight"].shape[0]
    levels = _count(tensors, r"encoder\.down\.\d+\.block\.0\.conv1\.weight")
    widths = (tensors[f"encoder.down.{level}.block.0.conv1.weight"].shape[0] for level in range(levels))
    codes, code_size = tensors[CODEBOOK].shape
    return RestoreFormerConfig(
        channels=channels,
        multipliers=tuple(width // channels for width in widths),
        blocks=_count(tensors, r"encoder\.down\.0\.block\.\d+\.conv1\.weight"),
        codes=codes,
        code_size=code_size,
        encoded_size=tensors["encoder.conv_out.weight"].shape[0],
    )


def _prior_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(PRIOR): tensor for name, tensor in tensors.items() if name.startswith(PRIOR)}


def _prior_config(prior: Mapping[str, Tensor]) -> StyleGAN2Config:
    """Sizes as the tensors have them; how it resamples shows in none."""
    levels = _count(prior, r"to_rgbs\.\d+\.bias")
    image_size = 4 * 2**levels
    last_channels = prior[f"to_rgbs.{levels - 1}.modulated_conv.weight"].shape[2]
    return StyleGAN2Config(
        image_size=image_size,
        style_size=prior["style_conv1.modulated_conv.modulation.weight"].shape[1],
        channel_base=last_channels * image_size,
        channel_max=prior[CONSTANT].shape[1],
        mapping_layers=_count(prior, r"style_mlp\.\d+\.weight"),
    )


def _count(names: Mapping[str, Tensor], pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in names)


def _kind(prior: Mapping[str, Tensor], config: StyleGAN2Config, restores: bool) -> Kind:
    """The equalised kinds have the same names, and differ by what was ever published of them.

    The original GFP-GAN has channel multiplier 1 and the bilinear one 2; of StyleGAN2 alone there is the original only.
    """
    if "style_conv1.bias" in prior:
        return Kind.CLEAN
    channel_multiplier = config.channel_base // (32 * config.channel_max)
    return Kind.BILINEAR if restores and channel_multiplier > 1 else Kind.ORIGINAL
