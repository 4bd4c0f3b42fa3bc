"""How bright a pixel is, as MATLAB and the papers on restoration compute it."""

from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Pictures

RED, GREEN, BLUE, BLACK = 65.481, 128.553, 24.966, 16.0
"""What the colours count in the Y of ITU-R BT.601, which goes from 16 to 235."""

Luma = Float[Tensor, "n 1 h w"]


def luma(pictures: Pictures) -> Luma:
    """The Y of BT.601 in 16 to 235, not rounded."""
    weights = pictures.new_tensor((RED, GREEN, BLUE))[:, None, None]
    return ((pictures / 2 + 0.5) * weights).sum(1, keepdim=True) + BLACK
