"""Generators and restorers with their weights, ready for use."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, assert_never

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from retrato.errors import UnknownWeights, UnusableWeights
from retrato.networks.cyclegan import CycleGAN, CycleGANConfig
from retrato.networks.dcgan import DCGAN, DCGANConfig
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.pix2pix import UNet, UNetConfig
from retrato.networks.resampling import Resampling
from retrato.networks.restoreformer import RestoreFormer, RestoreFormerConfig
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights.bundle import PRIOR, RESTORER, bundled_file
from retrato.weights.catalog import published_names
from retrato.weights.download import find_weights
from retrato.weights.files import is_torch_file, read_torch
from retrato.weights.names.restoreformer import CODEBOOK
from retrato.weights.published import from_published, is_published, recognised
from retrato.weights.store import FORMAT, StoredWeights, read_story, read_weights

TITLES = {
    "gfpgan": "GFP-GAN",
    "stylegan2": "StyleGAN2",
    "restoreformer": "RestoreFormer",
    "dcgan": "DCGAN",
    "pix2pix": "Pix2Pix",
    "cyclegan": "CycleGAN",
}
"""What networks are called in messages."""

Network = TypeVar("Network", bound=nn.Module)
Generator = GFPGAN | StyleGAN2Generator | RestoreFormer | DCGAN | UNet | CycleGAN


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
    return _of_kind(GFPGAN, name_or_file)


def load_stylegan2(name_or_file: str | Path) -> StyleGAN2Generator:
    """StyleGAN2's generator, with the weights of our file, of a published one, or of a catalog name.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """
    return _of_kind(StyleGAN2Generator, name_or_file)


def load_restoreformer(name_or_file: str | Path) -> RestoreFormer:
    """RestoreFormer, with the weights of a published file, of ours, or of a catalog name.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """
    return _of_kind(RestoreFormer, name_or_file)


def load_drawer(name_or_file: str | Path) -> StyleGAN2Generator | DCGAN:
    """What draws pictures of nothing but chance: StyleGAN2's generator, or DCGAN.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """
    network = load_network(name_or_file)
    if isinstance(network, StyleGAN2Generator | DCGAN):
        return network
    raise UnusableWeights(f"{name_or_file} holds weights for {title_of(network)}, which draws nothing by chance alone")


def load_dcgan(name_or_file: str | Path) -> DCGAN:
    """DCGAN's generator, with the weights of a file that `retrato train` wrote.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnusableWeights: the file is broken or is for something else.
    """
    return _of_kind(DCGAN, name_or_file)


def load_pix2pix(name_or_file: str | Path) -> UNet:
    """Pix2Pix's translator, with the weights of a file that `retrato train` wrote.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnusableWeights: the file is broken or is for something else.
    """
    return _of_kind(UNet, name_or_file)


def load_cyclegan(name_or_file: str | Path) -> CycleGAN:
    """CycleGAN's two translators, with the weights of a file that `retrato train` wrote.

    Raises:
        UnknownWeights: it is no file.
        UnusableWeights: the file is broken or is for something else.
    """
    return _of_kind(CycleGAN, name_or_file)


def load_translator(name_or_file: str | Path) -> UNet | CycleGAN:
    """What makes pictures of other pictures: Pix2Pix or CycleGAN.

    Raises:
        UnknownWeights: it is no file.
        UnusableWeights: the file is broken or is for something else.
    """
    network = load_network(name_or_file)
    if isinstance(network, UNet | CycleGAN):
        return network
    raise UnusableWeights(f"{name_or_file} holds weights for {title_of(network)}, not for Pix2Pix or CycleGAN")


def load_network(name_or_file: str | Path) -> Generator:
    """Whichever of them is in a file, with its weights.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or is for something else.
    """
    path = locate_weights(name_or_file)
    published = has_published_layout(path)
    stored = from_published(tensors_of(path), path) if published else read_weights(path)
    title = TITLES.get(stored.network)
    if title is None:
        raise UnusableWeights(f"{name_or_file} holds weights for {stored.network or 'nothing known'}, not for GFP-GAN")
    return filled(stored, name_or_file, title, _described)


def title_of(network: Generator) -> str:
    """What the network is called in messages."""
    match network:
        case GFPGAN():
            return TITLES["gfpgan"]
        case StyleGAN2Generator():
            return TITLES["stylegan2"]
        case RestoreFormer():
            return TITLES["restoreformer"]
        case DCGAN():
            return TITLES["dcgan"]
        case UNet():
            return TITLES["pix2pix"]
        case CycleGAN():
            return TITLES["cyclegan"]
        case _:
            assert_never(network)


def filled(
    stored: StoredWeights, name_or_file: str | Path, title: str, described: Callable[[StoredWeights], Network]
) -> Network:
    """The network that is `described` by weights, with these in it.

    Raises:
        UnusableWeights: the weights are not those of such a network, or broken.
    """
    try:
        with torch.device("meta"):  # takes no memory, whatever the file claims
            network = described(stored)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise UnusableWeights(f"{name_or_file} does not describe a {title} of this version: {error}") from error
    _require_fit(network, stored, name_or_file, title)
    network.load_state_dict(stored.tensors, assign=True)
    return network


def describe_weights(name_or_file: str | Path) -> str:
    """Which weights those are, in a few words, for people who find them named in a picture.

    Raises:
        UnknownWeights: neither a known name nor a file name.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing or broken.
    """
    path = locate_weights(name_or_file)
    if has_published_layout(path):
        tensors = read_torch(path, mapped=True) if is_torch_file(path) else tensors_of(path)
        kind = "" if CODEBOOK in tensors else f" ({recognised(tensors, path).kind})"
        return f"published weights {path.name}{kind}"
    story = read_story(path)
    if story.get("published"):
        return f"published weights {story['published']}"
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
    path = locate_weights(name_or_file)
    if not os.path.isfile(path):  # noqa: PTH113 (a Path raises where a name is too long, or may not be looked at)
        raise UnusableWeights(f"no weights file {path}")
    return path


def locate_weights(name_or_file: str | Path) -> Path:
    """Where the weights of a generator or restorer are; a catalog's file is fetched first if it is not here.

    Raises:
        UnknownWeights: neither a known name nor a file name.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
    """
    name = str(name_or_file)
    bundled = bundled_file(name)
    if bundled:
        return bundled.path
    return published_or_file(name, tuple(TITLES), [RESTORER.name, PRIOR.name])


def published_or_file(name: str, beginnings: tuple[str, ...], others: Iterable[str] = ()) -> Path:
    """Where the weights of a catalog name are that begins so, fetched first if need be; or the file of that name.

    Raises:
        UnknownWeights: neither such a name nor that of a file; `others` are named in the message as well.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
    """
    loadable = published_names(*beginnings)
    if name in loadable:
        return find_weights(name)
    if name in published_names() or (not Path(name).suffix and os.sep not in name):
        known = ", ".join([*others, *loadable])
        raise UnknownWeights(f"no weights called {name!r}: name one of {known}, or a .safetensors or .pth file")
    return Path(name)


def has_published_layout(path: Path) -> bool:
    """Whether it is a publisher's rather than ours; False where `read_weights` says best what is wrong."""
    if is_torch_file(path):
        return True
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") != FORMAT and is_published(file.keys())
    except (SafetensorError, OSError):
        return False


def tensors_of(path: Path) -> Mapping[str, Tensor]:
    """The named tensors of a publisher's file, .pth or .safetensors.

    Raises:
        UnusableWeights: the file is missing or broken, or holds other things.
    """
    if is_torch_file(path):
        return read_torch(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UnusableWeights(f"{path} is not a whole safetensors file: {error}") from error


def _of_kind(kind: type[Network], name_or_file: str | Path) -> Network:
    network = load_network(name_or_file)
    if not isinstance(network, kind):
        name = "pix2pix" if kind is UNet else kind.__name__.lower()
        wanted = next(title for known, title in TITLES.items() if name.startswith(known))
        raise UnusableWeights(f"{name_or_file} holds weights for {title_of(network)}, not for {wanted}")
    return network


def _described(stored: StoredWeights) -> Generator:
    """The network that weights say they are for, yet without them."""
    if stored.network == "stylegan2":
        return StyleGAN2Generator(_stylegan2_config(stored.config))
    if stored.network == "restoreformer":
        multipliers = tuple(stored.config["multipliers"])  # JSON has lists only
        return RestoreFormer(RestoreFormerConfig(**{**stored.config, "multipliers": multipliers}))
    if stored.network == "dcgan":
        return DCGAN(DCGANConfig(**stored.config))
    if stored.network == "pix2pix":
        return UNet(UNetConfig(**stored.config))
    if stored.network == "cyclegan":
        return CycleGAN(CycleGANConfig(**stored.config))
    return GFPGAN(GFPGANConfig(**{**stored.config, "prior": _stylegan2_config(stored.config["prior"])}))


def _stylegan2_config(fields: Mapping[str, Any]) -> StyleGAN2Config:
    resampling = Resampling(fields.get("resampling", Resampling.BILINEAR))  # older files do not say
    return StyleGAN2Config(**{**fields, "resampling": resampling})


def _require_fit(network: nn.Module, stored: StoredWeights, name_or_file: str | Path, title: str) -> None:
    """Every tensor there, of the right shape, and a number in every place."""
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in stored.tensors.items()}
    differing = sorted(name for name in own.keys() | found.keys() if own.get(name) != found.get(name))
    if differing:
        raise UnusableWeights(
            f"{name_or_file} does not fit the {title} that it describes: {len(differing)} tensors are "
            f"missing, unknown, or of another shape, the first being {differing[0]!r}"
        )
    # The extremes are not numbers either where one value is none, and are found several times faster than all such.
    broken = [name for name, tensor in stored.tensors.items() if not torch.stack(tensor.aminmax()).isfinite().all()]
    if broken:
        raise UnusableWeights(f"{name_or_file} is broken: {broken[0]} holds values that are not numbers")
