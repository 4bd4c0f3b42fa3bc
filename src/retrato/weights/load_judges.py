"""The networks that GFP-GAN's published losses judge with, with their published weights."""

from retrato.networks.arcface import ArcFace
from retrato.networks.vgg import VGG19
from retrato.weights.download import find_weights
from retrato.weights.load import _fill, fold_normalisation, read_torch
from retrato.weights.names.arcface import arcface_to_ours
from retrato.weights.names.vgg import vgg19_to_ours


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
