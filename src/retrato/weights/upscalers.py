"""Real-ESRGAN's networks with their published weights.

A published file says nothing about itself: which of the two networks it holds, and how wide and deep, shows in the
names and shapes of its tensors.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from retrato.errors import UnusableWeights
from retrato.networks.rrdbnet import FACTORS, RRDBNet, RRDBNetConfig
from retrato.networks.srvgg import SRVGG, SRVGGConfig
from retrato.weights.load import filled, published_or_file, tensors_of
from retrato.weights.names.realesrgan import rrdbnet_to_ours, srvgg_to_ours
from retrato.weights.store import StoredWeights, config_fields

UPSCALER_NAMES = ("realesr",)
"""What the catalog names of upscalers begin with."""


def load_upscaler(name_or_file: str | Path) -> SRVGG | RRDBNet:
    """A network that enlarges pictures, frozen.

    Args:
        name_or_file: a catalog name such as realesr-general-x4v3, fetched if it is not here; or a published file, .pth
            or .safetensors.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing or broken, or holds something else.
    """
    path = published_or_file(str(name_or_file), UPSCALER_NAMES, ["lanczos"])
    network = filled(_stored(tensors_of(path), path), name_or_file, "network of Real-ESRGAN", _described)
    return network.eval().requires_grad_(False)


def _described(stored: StoredWeights) -> SRVGG | RRDBNet:
    if stored.network == "srvgg":
        return SRVGG(SRVGGConfig(**stored.config))
    return RRDBNet(RRDBNetConfig(**stored.config))


def _stored(tensors: Mapping[str, Tensor], path: Path) -> StoredWeights:
    """The weights of that file by our names."""
    network = "srvgg" if "body.0.weight" in tensors else "rrdbnet"
    if network == "rrdbnet" and "conv_first.weight" not in tensors:
        raise UnusableWeights(
            f"{path} holds no network of Real-ESRGAN: none of its tensors is called body.0.weight or conv_first.weight"
        )
    try:
        config = _srvgg_config(tensors) if network == "srvgg" else _rrdbnet_config(tensors)
        to_ours = srvgg_to_ours if network == "srvgg" else rrdbnet_to_ours
        ours = {to_ours(name): tensor.float() for name, tensor in tensors.items()}
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UnusableWeights(f"{path} is not a whole network of Real-ESRGAN: {error}") from error
    return StoredWeights(network, config_fields(config), ours, {})


def _srvgg_config(tensors: Mapping[str, Tensor]) -> SRVGGConfig:
    """Convolutions stand at the even places, from 0 to the last, and PReLUs between."""
    layers = _count(tensors, r"body\.\d+\.weight")
    last = tensors[f"body.{layers - 1}.bias"]
    return SRVGGConfig(
        factor=math.isqrt(last.shape[0] // 3),
        channels=tensors["body.0.weight"].shape[0],
        inner_layers=(layers - 3) // 2,
    )


def _rrdbnet_config(tensors: Mapping[str, Tensor]) -> RRDBNetConfig:
    """Squares of four pixels are folded into channels where pictures are to be doubled only."""
    channels, incoming = tensors["conv_first.weight"].shape[:2]
    return RRDBNetConfig(
        factor=max(FACTORS) // math.isqrt(incoming // 3),
        channels=channels,
        growth=tensors["body.0.rdb1.conv1.weight"].shape[0],
        blocks=_count(tensors, r"body\.\d+\.rdb1\.conv1\.weight"),
    )


def _count(names: Mapping[str, Tensor], pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in names)
