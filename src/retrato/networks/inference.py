"""Networks that only draw: nothing is kept for learning, and what depends on weights alone is computed once."""

from typing import TypeVar

import torch
from torch import nn

from retrato.networks.stylegan2 import ModulatedConv, StyleGAN2Generator

Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def for_inference(network: Network, dtype: torch.dtype) -> Network:
    """The same network, changed in place: it computes features in `dtype`, channels last, and can learn no more.

    Styles, demodulation, noise and the picture stay float32, for they take little time and much precision.
    """
    for module in network.modules():
        if isinstance(module, ModulatedConv):
            module.remember_energy()
            module.weight.data = module.weight.to(dtype)
        elif isinstance(module, StyleGAN2Generator):
            module.constant.data = module.constant.to(dtype)
        elif isinstance(module, nn.Conv2d):
            module.to(dtype)
    # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
