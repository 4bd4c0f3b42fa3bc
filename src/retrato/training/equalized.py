"""Learning rates that make plain weights learn as an equalised network's do (Karras et al., 2018, section 4.1).

There a stored weight of about 1 counts c times in the forward pass, c being its gain divided by the root of its inputs.
Adam steps by its learning rate whatever the scale of a gradient, so what counts moves by c times the learning rate. A
plain weight that learns at c times the rate moves just as far, but for Adam's epsilon.
"""

import math

import torch
from torch import Tensor, nn

from retrato.networks.convolutions import BlurredConv, PlainConv
from retrato.networks.discriminator import Discriminator, DownBlock
from retrato.networks.encoder import FaceEncoder
from retrato.networks.gfpgan import DegradationRemoval, ResidualBlock
from retrato.networks.modulation import GAIN, ModulatedConv, StyledConv
from retrato.networks.stylegan2 import Mapping

MAPPING_RATE = 0.01
"""Of the network from z to w, beside the others (Karras et al., 2019, appendix C)."""


def equalized_rates(network: nn.Module) -> dict[str, float]:
    """For each parameter the factor on the learning rate that its publication states.

    A weight's is its gain divided by the root of its inputs, a bias's the gain alone. What is no layer, such as the
    generator's constant, has 1.
    """
    gains: dict[nn.Module, float] = {}
    for module in reversed(list(network.modules())):  # inner ones first: a block knows better than its layers
        gains.update(_gains(module))
    return {
        f"{path}.{name}" if path else name: _rate(module, name, gains.get(module, 1.0))
        for path, module in network.named_modules()
        for name, _ in module.named_parameters(recurse=False)
    }


@torch.no_grad()
def begin_equalized(network: nn.Module) -> None:
    """Give a new network's weights the spread with which its publication begins: one, times what it counts.

    Biases begin at zero, unless the network begins them all at some other value.
    """
    rates = equalized_rates(network)
    mapped = {layer for each in network.modules() if isinstance(each, Mapping) for layer in each}
    for path, module in network.named_modules():
        if not isinstance(module, nn.Conv2d | nn.Linear | ModulatedConv):
            continue
        spread = rates[f"{path}.weight"] / (MAPPING_RATE if module in mapped else 1.0)  # the mapping is only slower
        if module.weight.any():  # a layer that begins at zero stays there
            module.weight.mul_(spread / module.weight.square().mean().sqrt())
        bias = getattr(module, "bias", None)
        if bias is not None and module.weight.any() and not _is_constant(bias):
            bias.zero_()


def _is_constant(bias: Tensor) -> bool:
    return len(bias) > 1 and bool((bias == bias[0]).all())


def _gains(module: nn.Module) -> dict[nn.Module, float]:
    """Gains that are folded into the layers of a module: the root of two where a LeakyReLU follows."""
    gains: dict[nn.Module, float] = {}
    match module:
        case PlainConv() | BlurredConv(is_linear=False):
            gains = {module.conv: GAIN}
        case DownBlock():  # the published sum of both branches is divided by the root of two
            gains = {module.conv2.conv: 1.0, module.shortcut.conv: 1 / GAIN}
        case ResidualBlock():
            gains = {module.conv1: GAIN, module.conv2: 1.0, module.shortcut: 1 / GAIN}
        case Discriminator() | FaceEncoder():
            gains = {module.gather: GAIN}
        case Mapping():
            gains = dict.fromkeys(module, MAPPING_RATE * GAIN)
        case StyledConv():
            gains = {module: GAIN}
        case DegradationRemoval():
            heads = [head[0] for each in (module.scales, module.shifts) for head in _sequences(each)]
            gains = dict.fromkeys([module.first, module.middle, *heads], GAIN)
        case _:
            pass
    return gains


def _sequences(modules: nn.ModuleList) -> list[nn.Sequential]:
    return [each for each in modules if isinstance(each, nn.Sequential)]


def _rate(module: nn.Module, name: str, gain: float) -> float:
    match module:
        case nn.Conv2d() | nn.Linear() | ModulatedConv() if name == "weight":
            return gain / math.sqrt(module.weight[0].numel())
        case _:
            return gain
