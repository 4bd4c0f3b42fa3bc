"""LPIPS as it is published, in two files of torchvision's and the authors' names, with weights by chance."""

from doubles import by_chance
from retrato.networks.lpips import TrunkKind

ALEXNET = {"0": (64, 3, 11), "3": (192, 64, 5), "6": (384, 192, 3), "8": (256, 384, 3), "10": (256, 256, 3)}
VGG16_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
VGG16_CHANNELS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
FIRE = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192)} | {
    10: (384, 48, 192),
    11: (384, 64, 256),
    12: (512, 64, 256),
}
LINEAR = {
    TrunkKind.VGG16: (64, 128, 256, 512, 512),
    TrunkKind.ALEXNET: (64, 192, 384, 256, 256),
    TrunkKind.SQUEEZENET: (64, 128, 256, 384, 384, 512, 512),
}


def published_shapes(kind):
    """Names and shapes of torchvision's trunk."""
    match kind:
        case TrunkKind.ALEXNET:
            convolutions = {place: (out, into, side, side) for place, (out, into, side) in ALEXNET.items()}
        case TrunkKind.VGG16:
            channels = zip(VGG16_CONVOLUTIONS, VGG16_CHANNELS[:-1], VGG16_CHANNELS[1:], strict=True)
            convolutions = {str(place): (out, into, 3, 3) for place, into, out in channels}
        case TrunkKind.SQUEEZENET:
            convolutions = {"0": (64, 3, 3, 3)}
            for place, (into, squeezed, expanded) in FIRE.items():
                convolutions[f"{place}.squeeze"] = (squeezed, into, 1, 1)
                convolutions[f"{place}.expand1x1"] = (expanded, squeezed, 1, 1)
                convolutions[f"{place}.expand3x3"] = (expanded, squeezed, 3, 3)
    weights = {f"features.{place}.weight": shape for place, shape in convolutions.items()}
    return weights | {f"features.{place}.bias": shape[:1] for place, shape in convolutions.items()}


def published_parts(kind):
    """Torchvision's trunk and the authors' linear layers, with weights by chance."""
    trunk = {name: by_chance(name, shape) for name, shape in published_shapes(kind).items()}
    names = [f"lin{index}.model.1.weight" for index in range(len(LINEAR[kind]))]
    linear = {name: by_chance(name, (1, count, 1, 1)) for name, count in zip(names, LINEAR[kind], strict=True)}
    return trunk, {name: each.abs() for name, each in linear.items()}
