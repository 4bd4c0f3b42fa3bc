"""Pictures cut at a place by chance and mirrored by chance, as Pix2Pix and CycleGAN see them (Isola et al., 2017)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from retrato.degradation.draws import Draws, Record
from retrato.images.tensors import mirrored_where


@dataclass(frozen=True)
class JitterRecord(Record):
    """What chance decides about how each picture is seen."""

    place: Float[Tensor, "n 2"]
    """Of the cut, from the top and the left: 0 to 1 of the room that there is."""
    is_mirrored: Bool[Tensor, " n"]


def require_room(size: int, jitter_size: int, smallest: int) -> None:
    """Check that pictures are large enough to be cut, and to be seen by a discriminator of patches.

    Args:
        size: of the network's pictures.
        jitter_size: to which they are enlarged before.
        smallest: that the discriminator can see.

    Raises:
        ValueError: they are not.
    """
    if jitter_size < size:
        raise ValueError(f"task.jitter_size is {jitter_size}, less than the {size} px that are cut from it")
    if size < smallest:
        raise ValueError(f"task.discriminator.layers needs pictures of {smallest} px, and they have {size}")


def draw_jitter(draws: Draws, is_mirrored: bool) -> JitterRecord:
    """One for each picture.

    Args:
        draws: of the whole batch.
        is_mirrored: whether half of them are.
    """
    return JitterRecord(draws.uniform((0.0, 1.0), 2), draws.happens(0.5 if is_mirrored else 0.0))


def jittered(squares: Float[Tensor, "n c s s"], record: JitterRecord, size: int) -> Float[Tensor, "n c {size} {size}"]:
    """Cut and mirrored as the record says; what stands in other channels at the same place."""
    mirrored = mirrored_where(squares, record.is_mirrored.to(squares.device))
    room = squares.shape[-1] - size
    corners = (record.place * (room + 1)).long().clamp(max=room).tolist()
    return torch.stack(
        [each[:, top : top + size, left : left + size] for each, (top, left) in zip(mirrored, corners, strict=True)]
    )
