"""Whether two pictures show one person, by what a recognition network makes of them."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import PerPicture

Embeddings = Float[Tensor, "n e"]


def cosines(embeddings: Embeddings, targets: Embeddings) -> PerPicture:
    """Cosine between the embeddings of each pair; 1 is the same, about 0 a stranger."""
    return F.cosine_similarity(embeddings.double(), targets.double()).float()


def angles(embeddings: Embeddings, targets: Embeddings) -> PerPicture:
    """Angle between the embeddings of each pair in degrees; 0 is the same, about 90 a stranger.

    In float64: in float32 the smallest angle that is not 0 would be 0.02 degrees.
    """
    cosine = F.cosine_similarity(embeddings.double(), targets.double()).clamp(-1, 1)
    return (torch.arccos(cosine) * (180 / math.pi)).float()
