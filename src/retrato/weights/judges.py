"""The networks that losses and metrics judge with, with their published weights."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from retrato.networks.arcface import ArcFace
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.networks.vgg import VGG19
from retrato.weights.download import find_weights
from retrato.weights.files import read_onnx_initializers, read_torch
from retrato.weights.names.arcface import arcface_to_ours
from retrato.weights.names.lpips import lpips_to_ours
from retrato.weights.names.mobilefacenet import mobilefacenet_to_ours
from retrato.weights.names.vgg import vgg19_to_ours

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


def load_vgg19() -> VGG19:
    """VGG-19, trained on ImageNet, for the perceptual and the style loss.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    published = read_torch(find_weights("vgg19"))
    trunk = {name: tensor for name, tensor in published.items() if name.startswith("features.")}  # no classifier
    return _fill(VGG19(), trunk, vgg19_to_ours)


def load_arcface() -> ArcFace:
    """ArcFace-18, as GFPGAN publishes it, for the identity loss.

    Raises:
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    network = _fill(ArcFace(), read_torch(find_weights("arcface")), arcface_to_ours)
    return fold_normalisation(network)


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
