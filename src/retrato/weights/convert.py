"""Weights from one layout into another: ours, and those in which GFP-GAN and StyleGAN2 were published.

A published layout has room for a published network and for nothing else: whatever cannot be said in it is refused, with
the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from retrato.errors import UnusableWeights, UnwritableOutput
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights.files import TORCH_SUFFIXES
from retrato.weights.load import describe_weights, has_published_layout, load_network, locate_weights, title_of
from retrato.weights.names.gfpgan import gfpgan_to_published
from retrato.weights.names.kinds import Kind
from retrato.weights.names.stylegan2 import stylegan2_to_published
from retrato.weights.published import recognised
from retrato.weights.store import StoredWeights, config_fields, write_weights
from retrato.whole_files import written_whole

PUBLISHED_SHAPES = {
    Kind.CLEAN: StyleGAN2Config(),
    Kind.BILINEAR: StyleGAN2Config(),
    Kind.ORIGINAL: StyleGAN2Config(channel_base=16384, resampling=Resampling.FIR),
}
"""What programs for published files take for granted, as such a file does not say it."""
CLASSES = {
    "gfpgan": {Kind.CLEAN: "GFPGANv1Clean", Kind.BILINEAR: "GFPGANBilinear", Kind.ORIGINAL: "GFPGANv1"},
    "stylegan2": {
        Kind.CLEAN: "StyleGAN2GeneratorClean",
        Kind.BILINEAR: "StyleGAN2GeneratorBilinear",
        Kind.ORIGINAL: "StyleGAN2Generator",
    },
}
"""Of the packages gfpgan and basicsr, which read the layouts."""

Network = GFPGAN | StyleGAN2Generator


@dataclass(frozen=True)
class Converted:
    """What was written."""

    source: str
    """What was read, in words."""
    target: str
    """What it became, in words."""
    notes: tuple[str, ...]
    """What to know before using it."""


def convert(name_or_file: str | Path, target: Path, layout: Kind = Kind.CLEAN, *, any_shape: bool = False) -> Converted:
    """Write weights into a file of another layout, which its suffix says: .safetensors is ours, .pth published.

    Args:
        name_or_file: what `load_network` takes.
        target: is replaced if it exists, once all is well.
        layout: which published one.
        any_shape: allow shapes that programs for published files must be told.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken, or its network cannot be said in that layout.
        UnwritableOutput: the target cannot be written, or its suffix says no layout.
    """
    if target.suffix not in {".safetensors", *TORCH_SUFFIXES}:
        raise UnwritableOutput(f"{target}: name a .safetensors file for retrato's layout, or a .pth for the published")
    path = locate_weights(name_or_file)
    network, source = load_network(path), describe_weights(path)
    if not isinstance(network, GFPGAN | StyleGAN2Generator):
        title = title_of(network)
        raise UnusableWeights(f"{name_or_file} holds a {title}, which has one layout only: use the file as it is")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix in TORCH_SUFFIXES:
            return _written_as_published(network, source, target, layout, any_shape)
        return _written_as_ours(network, source, path, target)
    except OSError as error:
        raise UnwritableOutput(f"cannot write {target}: {(error.strerror or str(error)).lower()}") from error


def in_published_layout(network: Network, layout: Kind, *, any_shape: bool = False) -> dict[str, Tensor]:
    """The weights of a network of ours by the names, shapes and scales of a published one, float32.

    Raises:
        UnusableWeights: the layout cannot say that network.
    """
    restores = isinstance(network, GFPGAN)
    prior = _prior_of(network)
    if restores and prior.mapping_layers == 0:  # a restorer does not use it, and those who read the layout expect it
        prior = replace(prior, mapping_layers=PUBLISHED_SHAPES[layout].mapping_layers)
    reasons = list(_unsaid(network, layout))
    if not reasons and not any_shape:
        reasons = list(_other_shape(prior, layout))
    if reasons:
        raise UnusableWeights(f"this network cannot be written in the {layout} layout: {'; '.join(reasons)}")
    tensors = _without_mapping(prior) if restores else {}
    tensors |= {name: tensor.detach().float() for name, tensor in network.state_dict().items()}
    to_published = gfpgan_to_published if restores else stylegan2_to_published
    published = {name: each.clone() for name, each in to_published(tensors, layout).items()}
    read_back = recognised(published, Path("this network")).kind
    if read_back is not layout:  # names of these two are the same, and the width tells them apart
        raise UnusableWeights(
            f"this network cannot be written in the {layout} layout: with its width it would be taken for {read_back}"
        )
    return published


def _written_as_published(network: Network, source: str, target: Path, layout: Kind, any_shape: bool) -> Converted:
    tensors = in_published_layout(network, layout, any_shape=any_shape)
    with written_whole(target) as temporary, temporary.open("wb") as file:
        torch.save({"params_ema": tensors}, file)
    has_mapping = isinstance(network, StyleGAN2Generator) or network.config.prior.mapping_layers
    filled = "style_mlp, which a restorer does not use and this one does not have, is filled with zeros"
    call = _published_call(network, layout, tensors)
    return Converted(source, f"{layout} layout, for {call}", () if has_mapping else (filled,))


def _written_as_ours(network: Network, source: str, path: Path, target: Path) -> Converted:
    if not has_published_layout(path):
        raise UnusableWeights(f"{path} is in retrato's layout already: name a .pth file to write a published one")
    story = {"published": source.removeprefix("published weights ")}
    name = "gfpgan" if isinstance(network, GFPGAN) else "stylegan2"
    write_weights(target, StoredWeights(name, config_fields(network.config), network.state_dict(), story))
    return Converted(source, f"retrato's layout, {name}", ())


def _prior_of(network: Network) -> StyleGAN2Config:
    return network.config.prior if isinstance(network.config, GFPGANConfig) else network.config


def _unsaid(network: Network, layout: Kind) -> Iterator[str]:
    """What no network of that layout has."""
    config = _prior_of(network)
    if isinstance(network, GFPGAN) and network.config.keep_input:
        yield "it keeps parts of its input (keep_input), which no published network does"
    if isinstance(network, GFPGAN) and network.config.self_ensemble:
        yield "it restores each face twice (self_ensemble), which no published network does"
    if config.fold > 1:
        yield f"it works at 1/{config.fold} of the resolution (fold {config.fold}), published ones at all of it"
    if config.resampling is not layout.resampling:
        fitting = " or ".join(f"--layout {each}" for each in Kind if each.resampling is config.resampling)
        yield (
            f"it changes the resolution by {config.resampling} resampling and that layout means {layout.resampling}, "
            f"with which the same weights draw something else; {fitting} can say it"
        )
    if _channel_multiplier(config) not in {1, 2}:
        yield (
            f"its widths (channel_base {config.channel_base}, channel_max {config.channel_max}) are no published ones: "
            "channel_base is to be 32 or 64 times channel_max"
        )


def _other_shape(prior: StyleGAN2Config, layout: Kind) -> Iterator[str]:
    """In what the network differs from what programs take for granted."""
    wanted = PUBLISHED_SHAPES[layout]
    names = (each.name for each in fields(wanted) if each.name not in {"fold", "resampling"})
    differing = [
        f"{name} {getattr(prior, name)} and not {getattr(wanted, name)}"
        for name in names
        if getattr(prior, name) != getattr(wanted, name)
    ]
    if differing:
        yield (
            f"programs that read it expect another shape, as the file does not say it: this one has "
            f"{', '.join(differing)}; --any-shape writes it for programs that can be told"
        )


def _channel_multiplier(config: StyleGAN2Config) -> float:
    return config.channel_base / (32 * config.channel_max)


def _without_mapping(prior: StyleGAN2Config) -> dict[str, Tensor]:
    """A mapping of zeros, for networks that have none."""
    size = prior.style_size
    tensors: dict[str, Tensor] = {}
    for layer in range(prior.mapping_layers):
        tensors |= {
            f"prior.mapping.{2 * layer}.weight": torch.zeros(size, size),
            f"prior.mapping.{2 * layer}.bias": torch.zeros(size),
        }
    return tensors


def _published_call(network: Network, layout: Kind, tensors: dict[str, Tensor]) -> str:
    """How the published package makes a network that the file fits."""
    found = recognised(tensors, Path("this network")).config
    prior = found.prior if isinstance(found, GFPGANConfig) else found
    arguments = {
        "out_size": prior.image_size,
        "num_style_feat": prior.style_size,
        "channel_multiplier": int(_channel_multiplier(_prior_of(network))),
        "num_mlp": prior.mapping_layers,
        "narrow": prior.channel_max / 512,
    }
    restorer = isinstance(network, GFPGAN)
    if restorer:
        arguments |= {"input_is_latent": True, "different_w": True, "sft_half": True}
    named = ", ".join(
        f"{name}={value:g}" if name == "narrow" else f"{name}={value}" for name, value in arguments.items()
    )
    return f"{CLASSES['gfpgan' if restorer else 'stylegan2'][layout]}({named})"
