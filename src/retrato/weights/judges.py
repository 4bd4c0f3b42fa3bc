"""The networks that losses and metrics judge with, with their published weights."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from retrato.errors import UnusableWeights
from retrato.networks.adaface import AdaFace, Depth
from retrato.networks.arcface import ArcFace
from retrato.networks.dists import CHANNELS as DISTS_CHANNELS
from retrato.networks.dists import DISTS
from retrato.networks.inception import Inception
from retrato.networks.lpips import LPIPS, TrunkKind
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.networks.vgg import VGG19
from retrato.weights.download import find_here, find_weights
from retrato.weights.files import read_onnx_initializers, read_torch
from retrato.weights.names.adaface import HEAD, adaface_to_ours
from retrato.weights.names.arcface import arcface_to_ours
from retrato.weights.names.inception import inception_to_ours, tensorflow_inception_to_ours
from retrato.weights.names.lpips import lpips_part_to_ours, lpips_to_ours
from retrato.weights.names.mobilefacenet import mobilefacenet_to_ours
from retrato.weights.names.vgg import vgg16_to_ours, vgg19_to_ours

Network = TypeVar("Network", bound=nn.Module)


def load_lpips(kind: TrunkKind = TrunkKind.SQUEEZENET) -> LPIPS:
    """LPIPS v0.1, for use as loss or metric.

    SqueezeNet comes whole in one file; or, as the others do, as torchvision's trunk and the authors' linear layers.

    Raises:
        UnavailableWeights: its files are not here and cannot be fetched.
        MissingPackage: onnx is not installed.
        UnusableWeights: a file is broken.
    """
    if kind is TrunkKind.SQUEEZENET and (find_here("lpips-squeezenet") or not find_here("squeezenet")):
        published = read_onnx_initializers(find_weights("lpips-squeezenet"))
        tensors = {name: each for name, each in published.items() if name.startswith(("core.net.", "core.lins."))}
        return _fill(LPIPS(kind), tensors, lpips_to_ours)  # others are constants
    linear = read_torch(find_weights(f"lpips-linear-{kind}"))
    return _fill(LPIPS(kind), {**_trunk(kind), **linear}, lambda name: lpips_part_to_ours(name, kind))


def load_dists() -> DISTS:
    """DISTS on VGG-16.

    Raises:
        UnavailableWeights: one of its two files is not here and cannot be fetched.
        UnusableWeights: a file is broken.
    """
    counts = read_torch(find_weights("dists"))
    tensors = {f"trunk.{vgg16_to_ours(name)}": each for name, each in _trunk(TrunkKind.VGG16).items()}
    for published, ours in (("alpha", "texture"), ("beta", "structure")):
        parts = counts[published].flatten().split(DISTS_CHANNELS)
        tensors |= {f"{ours}.{index}": each for index, each in enumerate(parts)}
    return _fill(DISTS(), tensors, lambda name: name)


def load_mobilefacenet() -> MobileFaceNet:
    """MobileFaceNet, trained on MS1M, for use as loss or metric.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
    """
    network = _fill(MobileFaceNet(), read_torch(find_weights("mobilefacenet")), mobilefacenet_to_ours)
    return fold_normalisation(network)


def load_vgg19() -> VGG19:
    """VGG-19, trained on ImageNet, for the perceptual and the style loss.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    published = read_torch(find_weights("vgg19"))
    trunk = {name: tensor for name, tensor in published.items() if name.startswith("features.")}  # no classifier
    return _fill(VGG19(), trunk, vgg19_to_ours)


def load_arcface(name: str = "arcface") -> ArcFace:
    """ArcFace-18 on grey faces.

    Args:
        name: `arcface`, as GFPGAN publishes it for the identity loss; or `arcface-deg`, which papers measure with.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    network = _fill(ArcFace(), read_torch(find_weights(name)), arcface_to_ours)
    return fold_normalisation(network)


def load_adaface(depth: Depth) -> AdaFace:
    """AdaFace, as its authors publish it, for measuring identity.

    Raises:
        UnavailableWeights: its file is not here.
        UnusableWeights: the file is broken.
    """
    published = read_torch(find_weights(f"adaface-{depth}"))
    tensors = {name: tensor for name, tensor in published.items() if not name.startswith(HEAD)}
    return fold_normalisation(_fill(AdaFace(depth), tensors, adaface_to_ours))


def load_inception(feature_count: int) -> Inception:
    """Inception-v3 of 2015-12-05, for distances between sets of pictures.

    Args:
        feature_count: 2048; or 768, of which a file of its own is enough.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    network = Inception(feature_count)
    own = network.state_dict()
    part = find_here("inception-2015-768") if feature_count == 768 else None
    if part is not None:
        return _fill(
            network, {name: each.float() for name, each in load_file(part).items()}, tensorflow_inception_to_ours
        )
    try:
        published = inception_to_ours(read_torch(find_weights("inception-2015")))
    except KeyError as error:
        raise UnusableWeights(f"the file of inception-2015 has a tensor that is not known: {error}") from error
    return _fill(network, {name: each for name, each in published.items() if name in own}, lambda name: name)


def load_pristine_statistics() -> tuple[Tensor, Tensor]:
    """What NIQE compares with: mean (36) and covariance (36, 36) of undistorted pictures' features, float64.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    path = find_weights("niqe")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            mean, covariance = arrays["mu_pris_param"], arrays["cov_pris_param"]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise UnusableWeights(f"{path} does not hold NIQE's statistics: {error}") from error
    return torch.from_numpy(mean).flatten(), torch.from_numpy(covariance)


def fold_normalisation(network: Network) -> Network:
    """The same network for inference, each batch normalisation folded into the convolution before it."""
    for each in list(network.modules()):
        match each:
            case nn.Sequential() if len(each) == 2 and isinstance(each[1], nn.BatchNorm2d):
                each[0] = fuse_conv_bn_eval(cast("nn.Conv2d", each[0]), each[1])
                each[1] = nn.Identity()
    return network.requires_grad_(False)


def _trunk(kind: TrunkKind) -> dict[str, Tensor]:
    """Torchvision's tensors of that network, without its classifier."""
    published = read_torch(find_weights(kind))
    return {name: tensor for name, tensor in published.items() if name.startswith("features.")}


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
