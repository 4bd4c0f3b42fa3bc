"""Whether one network finds the same faces alike as another (Park et al., 2019, Relational knowledge distillation).

Their distances and angles are cosines here, which is what embeddings of faces are compared by.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Scalar

Embeddings = Float[Tensor, "n e"]


def relation_loss(found: Embeddings, wanted: Embeddings) -> Scalar:
    """Mean squared difference of the cosines between all faces of a batch; embeddings have length one."""
    return F.mse_loss(found @ found.T, wanted @ wanted.T)


def likeness_loss(found: Embeddings, wanted: Embeddings) -> Scalar:
    """The same of faces with themselves alone: the second half shows whom the first half shows, in the same order."""
    (one, other), (wanted_one, wanted_other) = found.chunk(2), wanted.chunk(2)
    return F.mse_loss((one * other).sum(1), (wanted_one * wanted_other).sum(1))
