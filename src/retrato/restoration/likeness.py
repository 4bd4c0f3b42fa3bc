"""Who faces are to a network that knows people, and from where on two are alike."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.images.tensors import to_pictures
from retrato.shapes import Faces, Image

Embed = Callable[[Faces], Float[Tensor, "n e"]]
"""Aligned faces to what a recognition network makes of them, of any length."""

LEAST_LIKENESS = 0.4
"""Cosine from which on a face may be the person's. Of strangers 96 in 100 have less. Of faces compared with themselves,
degraded as in the paper, 94 in 100 have more; degraded heavily, 25 (benchmarks/thresholds.py)."""


@torch.inference_mode()
def embedded(embed: Embed, crops: Sequence[Image]) -> Float[Tensor, "n e"]:
    """Who aligned faces of one size are, as vectors of length one, whose products are cosines."""
    return torch.cat([F.normalize(embed(to_pictures([each]))) for each in crops])
