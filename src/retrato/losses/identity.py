"""Whether a restored face is still the same person."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Scalar

Embeddings = Float[Tensor, "n e"]


def identity_loss(restored: Embeddings, target: Embeddings) -> Scalar:
    """One minus the cosine between embeddings of length one, on average; 0 for the same person, 1 for strangers."""
    return 1 - (restored * target).sum(1).mean()  # not einsum, which autocast would round to bf16


def embedding_loss(restored: Embeddings, target: Embeddings) -> Scalar:
    """Mean absolute difference of embeddings as they are: GFP-GAN's own identity loss (Wang et al., 2021, section 3.4).

    The published one takes ArcFace-18's embeddings and counts ten times.
    """
    return F.l1_loss(restored, target)
