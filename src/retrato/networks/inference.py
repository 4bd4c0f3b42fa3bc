"""Networks that only draw: nothing is kept for learning, and what depends on weights alone is computed once."""

from typing import TypeVar

import torch
from torch import nn

from retrato.networks.gfpgan import DegradationRemoval, ResidualBlock
from retrato.networks.modulation import StyledConv, ToRGB
from retrato.networks.stylegan2 import StyleGAN2Generator

Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def for_inference(network: Network, dtype: torch.dtype) -> Network:
    """The same network, changed in place: it computes features in `dtype`, channels last, and can learn no more.

    Modulation, demodulation, noise and the picture stay float32, for they take little time and much precision.
    """
    for module in network.modules():
        match module:
            case StyledConv():
                module.conv.remember(dtype, module.noise.shape[-1])
            case ToRGB():
                module.conv.remember(dtype, 0)
            case StyleGAN2Generator():
                module.constant.data = module.constant.to(dtype)
            case DegradationRemoval():
                module.remember()
                module.to_styles.to(dtype)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(dtype)
        elif isinstance(module, ResidualBlock) and module.phases is not None:
            module.phases = module.phases.to(dtype)
    # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
