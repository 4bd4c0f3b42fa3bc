"""The networks that stand around the restorer, with their published weights: what finds faces, what parses them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from retrato.errors import UnknownWeights, UnusableWeights
from retrato.networks.parsenet import ParseNet
from retrato.networks.retinaface import Backbone, RetinaFace, RetinaFaceConfig
from retrato.weights.catalog import PUBLISHED_FILES
from retrato.weights.download import find_weights
from retrato.weights.files import read_torch
from retrato.weights.judges import fold_normalisation
from retrato.weights.names.parsenet import parsenet_to_ours
from retrato.weights.names.retinaface import retinaface_to_ours

RETINAFACE = "retinaface-"
"""How the catalog's names of RetinaFace begin."""
PARSENET = "parsenet"

Network = TypeVar("Network", bound=nn.Module)


def load_retinaface(name_or_file: str | Path = "retinaface-resnet50") -> RetinaFace:
    """RetinaFace as facexlib publishes it; which of the two it is shows in the names of its tensors.

    Raises:
        UnknownWeights: neither a catalog name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or holds something else.
    """
    path = _file(name_or_file, RETINAFACE)
    published = read_torch(path)
    is_mobilenet = any(name.removeprefix("module.").startswith("body.stage1.") for name in published)
    config = RetinaFaceConfig(Backbone.MOBILENET if is_mobilenet else Backbone.RESNET50)
    return _filled(RetinaFace(config), published, retinaface_to_ours, path)


def load_parsenet(name_or_file: str | Path = PARSENET) -> ParseNet:
    """ParseNet as facexlib publishes it, for faces of 512 px.

    Raises:
        UnknownWeights: neither a catalog name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is broken or holds something else.
    """
    path = _file(name_or_file, PARSENET)
    return _filled(ParseNet(), read_torch(path), parsenet_to_ours, path)


def _file(name_or_file: str | Path, prefix: str) -> Path:
    """Where those weights are; a catalog's file is fetched first if it is not on this machine."""
    name = str(name_or_file)
    catalogued = [each.name for each in PUBLISHED_FILES if each.name.startswith(prefix)]
    if name in catalogued:
        return find_weights(name)
    if not os.path.isfile(name):  # noqa: PTH113 (a Path raises where a name is too long, or may not be looked at)
        raise UnknownWeights(
            f"no weights called {name!r}: name {' or '.join(catalogued)}, or a .pth file that is there"
        )
    return Path(name)


def _filled(network: Network, published: Mapping[str, Tensor], to_ours: Callable[[str], str], path: Path) -> Network:
    """Every published tensor used once, every one of ours filled once; then folded and frozen."""
    title = type(network).__name__
    try:
        renamed = {to_ours(name): tensor for name, tensor in published.items()}
    except KeyError as error:
        raise UnusableWeights(f"{path} holds no {title} as facexlib publishes it: it has a tensor {error}") from None
    own = network.state_dict()
    counters = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    found = counters | renamed  # older files have none, and inference ignores them
    differing = sorted(name for name in own.keys() | found.keys() if _shape(own, name) != _shape(found, name))
    if differing:
        raise UnusableWeights(
            f"{path} holds no whole {title}: {len(differing)} tensors are missing or of another shape, "
            f"the first being {differing[0]!r}"
        )
    network.load_state_dict(found)
    return fold_normalisation(network.eval())


def _shape(tensors: Mapping[str, Tensor], name: str) -> torch.Size | None:
    return tensors[name].shape if name in tensors else None
