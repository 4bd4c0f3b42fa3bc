"""Networks with their published weights, ready for use."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from retrato.errors import MissingPackage, UnknownWeights, UnusableWeights
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.weights.download import find_weights
from retrato.weights.names.lpips import lpips_to_ours
from retrato.weights.names.mobilefacenet import mobilefacenet_to_ours
from retrato.weights.store import BUNDLED_FOLDER, StoredWeights, read_story, read_weights

BUNDLED_GFPGAN = {"bundled": "gfpgan-256-compact.safetensors"}
"""Weights that come with the package: name and file."""

Network = TypeVar("Network", bound=nn.Module)


def load_lpips() -> LPIPS:
    """LPIPS v0.1 with SqueezeNet, for use as loss or metric.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        MissingPackage: onnx is not installed.
    """
    published = read_onnx_initializers(find_weights("lpips-squeezenet"))
    tensors = {name: tensor for name, tensor in published.items() if name.startswith("core.")}  # others are constants
    return _fill(LPIPS(), tensors, lpips_to_ours)


def load_mobilefacenet() -> MobileFaceNet:
    """MobileFaceNet, trained on MS1M, for use as loss or metric.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
    """
    network = _fill(MobileFaceNet(), read_torch(find_weights("mobilefacenet")), mobilefacenet_to_ours)
    return fold_normalisation(network)


def load_gfpgan(name_or_file: str | Path) -> GFPGAN:
    """GFP-GAN with the bundled weights or those of a file that `retrato train` wrote.

    Raises:
        UnknownWeights: neither a bundled name nor a file.
        UnusableWeights: the file is broken or is for something else.
    """
    stored = read_weights(_own_file(name_or_file))
    if stored.network != "gfpgan":
        raise UnusableWeights(f"{name_or_file} holds weights for {stored.network or 'nothing known'}, not for GFP-GAN")
    with torch.device("meta"):  # takes no memory, whatever the file claims
        network = GFPGAN(_gfpgan_config(stored, name_or_file))
    _require_fit(network, stored, name_or_file)
    network.load_state_dict(stored.tensors, assign=True)
    return network


def describe_weights(name_or_file: str | Path) -> str:
    """Which weights those are, in a few words, for people who find them named in a picture.

    Raises:
        UnknownWeights: neither a bundled name nor a file name.
        UnusableWeights: the file is missing or broken.
    """
    story = read_story(_own_file(name_or_file))
    if not story.get("recipe"):
        return f"weights {Path(name_or_file).name}"
    return f"{story['recipe']} after {story.get('iterations', 'some')} iterations"


def _gfpgan_config(stored: StoredWeights, name_or_file: str | Path) -> GFPGANConfig:
    try:
        fields = dict(stored.config)
        return GFPGANConfig(**{**fields, "prior": StyleGAN2Config(**fields["prior"])})
    except (TypeError, KeyError, ValueError) as error:
        raise UnusableWeights(f"{name_or_file} does not describe a GFP-GAN of this version: {error}") from error


def _require_fit(network: nn.Module, stored: StoredWeights, name_or_file: str | Path) -> None:
    """Every tensor there, of the right shape, and a number in every place."""
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in stored.tensors.items()}
    differing = sorted(name for name in own.keys() | found.keys() if own.get(name) != found.get(name))
    if differing:
        raise UnusableWeights(
            f"{name_or_file} does not fit the GFP-GAN that it describes: {len(differing)} tensors are missing, "
            f"unknown, or of another shape, the first being {differing[0]!r}"
        )
    broken = [name for name, tensor in stored.tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise UnusableWeights(f"{name_or_file} is broken: {broken[0]} holds values that are not numbers")


def _own_file(name_or_file: str | Path) -> Path:
    if Path(name_or_file).suffix or os.sep in str(name_or_file):
        return Path(name_or_file)
    if name_or_file not in BUNDLED_GFPGAN:
        known = ", ".join(BUNDLED_GFPGAN)
        raise UnknownWeights(f"no weights called {name_or_file!r}: name one of {known}, or a .safetensors file")
    return BUNDLED_FOLDER / BUNDLED_GFPGAN[str(name_or_file)]


def read_torch(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a .pt or .pth file, which may hold nothing else.

    Raises:
        UnusableWeights: the file is broken or holds other things than tensors.
    """
    import pickle

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise UnusableWeights(f"{path} is not a readable file of tensors: {str(error).splitlines()[0]}") from error
    if not isinstance(loaded, Mapping) or not all(isinstance(each, Tensor) for each in loaded.values()):
        raise UnusableWeights(f"{path} holds other things than named tensors")
    return loaded


def read_onnx_initializers(path: Path) -> dict[str, Tensor]:
    """The named constants of an ONNX file.

    Raises:
        MissingPackage: onnx is not installed.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ModuleNotFoundError:
        raise MissingPackage("onnx", "train") from None
    model = onnx.load(str(path))
    return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in model.graph.initializer}


def fold_normalisation(network: Network) -> Network:
    """The same network for inference, each batch normalisation folded into the convolution before it."""
    for each in list(network.modules()):
        match each:
            case nn.Sequential() if len(each) == 2 and isinstance(each[1], nn.BatchNorm2d):
                each[0] = fuse_conv_bn_eval(cast("nn.Conv2d", each[0]), each[1])
                each[1] = nn.Identity()
    return network.requires_grad_(False)


def _fill(network: Network, published: Mapping[str, Tensor], to_ours: Callable[[str], str]) -> Network:
    """Every published tensor used once, every one of ours filled once; then frozen."""
    own = network.state_dict()
    renamed = {to_ours(name): tensor for name, tensor in published.items()}
    renamed = {name: tensor.reshape(own[name].shape) for name, tensor in renamed.items()}
    network.load_state_dict(own | renamed if _lacks_only_counters(own, renamed) else renamed)
    return network.eval().requires_grad_(False)


def _lacks_only_counters(own: Mapping[str, Tensor], renamed: Mapping[str, Tensor]) -> bool:
    """Whether all that a file lacks is batch normalisation's count of batches, which inference ignores."""
    return all(name.endswith("num_batches_tracked") for name in own.keys() - renamed.keys())
