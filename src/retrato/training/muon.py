"""Muon (Jordan et al., 2024), which moves all directions of a matrix alike, for kernels of convolutions as well."""

from collections.abc import Callable, Iterable
from itertools import chain

import torch
from torch import Tensor, nn

SMALLEST_SIDE = 32
"""Of a matrix that it is meant for: the first and last layers, filters of single channels, and biases are no such."""


class Muon(torch.optim.Muon):
    """torch's own, whose steps are as long as Adam's (Liu et al., 2025), on kernels seen as matrices.

    A row is all that one output channel multiplies.
    """

    def __init__(self, kernels: Iterable[nn.Parameter], learning_rate: float) -> None:
        self.kernels = list(kernels)
        self.matrices = [_as_matrix(each.detach(), each) for each in self.kernels]
        assert all(one.data_ptr() == other.data_ptr() for one, other in zip(self.kernels, self.matrices, strict=True))
        super().__init__(self.matrices, lr=learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")

    @staticmethod
    def suits(parameter: Tensor) -> bool:
        """Whether a parameter is a matrix worth it."""
        return parameter.ndim in {2, 4} and min(parameter.flatten(1).shape) >= SMALLEST_SIDE

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move the kernels, for they and the matrices share their memory."""
        for kernel, matrix in zip(self.kernels, self.matrices, strict=True):
            matrix.grad = None if kernel.grad is None else _as_matrix(kernel.grad, kernel)
        return super().step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: ARG002
        """Forget all gradients."""
        for each in chain(self.kernels, self.matrices):
            each.grad = None


def _as_matrix(values: Tensor, kernel: Tensor) -> Tensor:
    """Values of a kernel's shape, in columns of the order in which the kernel lies in memory."""
    return values.flatten(1) if kernel.is_contiguous() else values.permute(0, 2, 3, 1).flatten(1)
