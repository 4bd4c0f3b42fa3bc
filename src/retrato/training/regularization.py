"""Penalties that are computed now and then, and count the more for it (Karras et al., 2020, appendix B).

In float32, whatever networks are computed in: they are differentiated twice, which is too fine for bf16.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from retrato.losses import gradient_penalty
from retrato.shapes import Pictures, Scalar


def is_due(iteration: int, every: int, weight: float) -> bool:
    """Whether a penalty of that weight is computed in this iteration."""
    return weight > 0 and iteration % every == 0


def real_penalty(judge: Callable[[Pictures], Tensor], real: Pictures) -> Scalar:
    """R1: how steep the logits of real pictures are."""
    with torch.autocast(real.device.type, enabled=False):
        real = real.detach().float().requires_grad_()
        return gradient_penalty(judge(real), real)
