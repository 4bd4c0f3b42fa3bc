"""The parameter names of LPIPS v0.1, and ours.

Published in two forms: whole, with SqueezeNet, as the ONNX file of lusoris/vmaf spells them; or as torchvision's trunk
and the authors' linear layers, each in a file of its own.
"""

from retrato.networks.lpips import TrunkKind
from retrato.weights.names.rename import Patterns, rename
from retrato.weights.names.vgg import vgg16_to_ours

NAMES: Patterns = (
    (r"core\.net\.slice1\.0\.(weight|bias)", r"trunk.first.\1"),
    (r"core\.lins\.(\d)\.model\.1\.weight", r"weights.\1"),
)
LINEAR: Patterns = ((r"lin(\d)\.model\.1\.weight", r"weights.\1"),)

FIRE_MODULES = {
    "2.3": "1.0",
    "2.4": "1.1",
    "3.6": "2.0",
    "3.7": "2.1",
    "4.9": "3.0",
    "5.10": "4.0",
    "6.11": "5.0",
    "7.12": "6.0",
}
"""The published slice and layer of each Fire module, and its place here."""
FIRE_LAYERS = {place.partition(".")[2]: ours for place, ours in FIRE_MODULES.items()}
"""The same by torchvision's layer alone."""
ALEXNET_LAYERS = {"0": "0", "3": "1", "6": "2", "8": "3", "10": "4"}
"""Where each convolution stands in torchvision's sequence, and its place here."""


def lpips_to_ours(name: str) -> str:
    """Our name for a parameter of the whole published file.

    Raises:
        KeyError: our network has no such parameter; the file holds a few constants besides.
    """
    if ".squeeze." in name or ".expand" in name:
        slice_and_layer, module, kind = name.removeprefix("core.net.slice").rsplit(".", 2)
        return f"trunk.slices.{FIRE_MODULES[slice_and_layer]}.{module}.{kind}"
    return rename(name, NAMES)


def lpips_part_to_ours(name: str, kind: TrunkKind) -> str:
    """Our name for a parameter of torchvision's trunk, or of the linear layers.

    Raises:
        KeyError: our network has no such parameter; a classifier's are of no use here.
    """
    if name.startswith("lin"):
        return rename(name, LINEAR)
    features, layer, inner = name.split(".", 2)
    if features != "features":
        raise KeyError(name)
    match kind:
        case TrunkKind.VGG16:
            return f"trunk.network.{vgg16_to_ours(name)}"
        case TrunkKind.ALEXNET:
            return f"trunk.convolutions.{ALEXNET_LAYERS[layer]}.{inner}"
        case TrunkKind.SQUEEZENET:
            return f"trunk.first.{inner}" if layer == "0" else f"trunk.slices.{FIRE_LAYERS[layer]}.{inner}"
