"""The restorer that weights are for."""

from pathlib import Path

from retrato.device import DeviceName
from retrato.restoration.restoreformer import RestoreFormerRestorer
from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer
from retrato.weights.load import holds_restoreformer


def load_restorer(name_or_file: str | Path = "bundled", device: DeviceName | str = DeviceName.AUTO) -> FaceRestorer:
    """GFP-GAN or RestoreFormer, whichever these weights are for.

    Args:
        name_or_file: bundled; a catalog name such as gfpgan-v1.4 or restoreformer, fetched if it is not here; our file;
            or a published one, .pth or .safetensors.
        device: where to compute.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing, broken or holds something else.
        UnavailableDevice: this machine has no such device.
    """
    if holds_restoreformer(name_or_file):
        return RestoreFormerRestorer.from_weights(name_or_file, device)
    return GFPGANRestorer.from_weights(name_or_file, device)
