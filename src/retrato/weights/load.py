"""Generators and restorers with their weights, ready for use."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from retrato.errors import UnknownWeights, UnusableWeights
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights.catalog import PUBLISHED_FILES
from retrato.weights.download import find_weights
from retrato.weights.files import read_torch
from retrato.weights.published import from_published, is_published, recognised
from retrato.weights.store import BUNDLED_FOLDER, FORMAT, StoredWeights, read_story, read_weights

BUNDLED_GFPGAN = {"bundled": "gfpgan-256-compact.safetensors"}
"""Weights that come with the package: name and file."""

TORCH_SUFFIXES = (".pth", ".pt")
TITLES = {"gfpgan": "GFP-GAN", "stylegan2": "StyleGAN2"}
"""What networks are called in messages."""

Network = TypeVar("Network", bound=nn.Module)


def load_gfpgan(name_or_file: str | Path) -> GFPGAN:
    """GFP-GAN with the bundled weights, with published ones, or with those of a file that `retrato train` wrote.

    Args:
        name_or_file: a bundled name; a catalog name, fetched if it is not here; our file; or a published one of any
            kind, .pth or .safetensors.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """

    def described(stored: StoredWeights) -> GFPGAN:
        return GFPGAN(GFPGANConfig(**{**stored.config, "prior": _stylegan2_config(stored.config["prior"])}))

    return _load("gfpgan", name_or_file, described)


def load_stylegan2(name_or_file: str | Path) -> StyleGAN2Generator:
    """StyleGAN2's generator, with the weights of our file, of a published one, or of a catalog name.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """
    return _load("stylegan2", name_or_file, lambda stored: StyleGAN2Generator(_stylegan2_config(stored.config)))


def describe_weights(name_or_file: str | Path) -> str:
    """Which weights those are, in a few words, for people who find them named in a picture.

    Raises:
        UnknownWeights: neither a known name nor a file name.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing or broken.
    """
    path = _file(name_or_file)
    if _has_published_layout(path):
        return f"published weights {path.name} ({recognised(_published_tensors(path), path).kind})"
    story = read_story(path)
    if not story.get("recipe"):
        return f"weights {path.name}"
    return f"{story['recipe']} after {story.get('iterations', 'some')} iterations"


def weights_file(name_or_file: str | Path) -> Path:
    """The file of those weights; a catalog's is fetched first if it is not on this machine.

    Raises:
        UnknownWeights: neither a known name nor a file name.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: there is no such file.
    """
    path = _file(name_or_file)
    if not os.path.isfile(path):  # noqa: PTH113 (a Path raises where a name is too long, or may not be looked at)
        raise UnusableWeights(f"no weights file {path}")
    return path


def _load(network_name: str, name_or_file: str | Path, described: Callable[[StoredWeights], Network]) -> Network:
    """The network that is `described` by weights, filled with them."""
    path, title = _file(name_or_file), TITLES[network_name]
    published = _has_published_layout(path)
    stored = from_published(_published_tensors(path), path) if published else read_weights(path)
    if stored.network != network_name:
        found = TITLES.get(stored.network, stored.network or "nothing known")
        raise UnusableWeights(f"{name_or_file} holds weights for {found}, not for {title}")
    try:
        with torch.device("meta"):  # takes no memory, whatever the file claims
            network = described(stored)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise UnusableWeights(f"{name_or_file} does not describe a {title} of this version: {error}") from error
    _require_fit(network, stored, name_or_file)
    network.load_state_dict(stored.tensors, assign=True)
    return network


def _stylegan2_config(fields: Mapping[str, Any]) -> StyleGAN2Config:
    resampling = Resampling(fields.get("resampling", Resampling.BILINEAR))  # older files do not say
    return StyleGAN2Config(**{**fields, "resampling": resampling})


def _require_fit(network: nn.Module, stored: StoredWeights, name_or_file: str | Path) -> None:
    """Every tensor there, of the right shape, and a number in every place."""
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in stored.tensors.items()}
    differing = sorted(name for name in own.keys() | found.keys() if own.get(name) != found.get(name))
    if differing:
        raise UnusableWeights(
            f"{name_or_file} does not fit the {TITLES[stored.network]} that it describes: {len(differing)} tensors are "
            f"missing, unknown, or of another shape, the first being {differing[0]!r}"
        )
    # The extremes are not numbers either where one value is none, and are found several times faster than all such.
    broken = [name for name, tensor in stored.tensors.items() if not torch.stack(tensor.aminmax()).isfinite().all()]
    if broken:
        raise UnusableWeights(f"{name_or_file} is broken: {broken[0]} holds values that are not numbers")


def _file(name_or_file: str | Path) -> Path:
    """Where those weights are; a catalog's file is fetched first if it is not on this machine."""
    name = str(name_or_file)
    catalogued = [each.name for each in PUBLISHED_FILES if each.name.startswith(tuple(TITLES))]
    if name in BUNDLED_GFPGAN:
        return BUNDLED_FOLDER / BUNDLED_GFPGAN[name]
    if name in catalogued:
        return find_weights(name)
    if not Path(name).suffix and os.sep not in name:
        known = ", ".join([*BUNDLED_GFPGAN, *catalogued])
        raise UnknownWeights(f"no weights called {name!r}: name one of {known}, or a .safetensors or .pth file")
    return Path(name)


def _has_published_layout(path: Path) -> bool:
    """Whether it is a publisher's rather than ours; False where `read_weights` says best what is wrong."""
    if path.suffix in TORCH_SUFFIXES:
        return True
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") != FORMAT and is_published(file.keys())
    except (SafetensorError, OSError):
        return False


def _published_tensors(path: Path) -> Mapping[str, Tensor]:
    return read_torch(path) if path.suffix in TORCH_SUFFIXES else load_file(path)
