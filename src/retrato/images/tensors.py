"""The one way from pictures outside (uint8) to pictures inside (tensors in [-1, 1]), and the one way back."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped, UInt8
from torch import Tensor

from retrato.images.grids import Sheet
from retrato.shapes import Image, Pictures


def to_pictures(images: Sequence[Image]) -> Pictures:
    """A batch of pictures of one size, float32 on the CPU.

    Raises:
        ValueError: there are no pictures, or they differ in size.
    """
    sizes = {image.shape for image in images}
    if len(sizes) != 1:
        raise ValueError(f"a batch needs pictures of one size, found {sorted(sizes) or 'no pictures'}")
    levels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)  # (N, 3, H, W)
    return from_levels(levels.contiguous())


def from_levels(levels: UInt8[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """0 to 255 as -1 to 1."""
    return levels.float() / 127.5 - 1


def rounded(pictures: Pictures) -> Pictures:
    """The nearest pictures that 256 levels can hold, as a file would give them back."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def to_images(pictures: Pictures) -> list[Image]:
    """Each picture of a batch; see `to_image`."""
    return [to_image(picture) for picture in pictures]


def mirrored_where(pictures: Shaped[Tensor, "n c h w"], is_mirrored: Bool[Tensor, " n"]) -> Shaped[Tensor, "n c h w"]:
    """Left and right exchanged in some of the pictures, whatever their numbers are."""
    return torch.where(is_mirrored[:, None, None, None], pictures.flip(3), pictures)


def tiled(pictures: Pictures, columns: int) -> Sheet:
    """Pictures in rows of so many, touching each other, as one; as many as fill whole rows."""
    rows = [torch.cat(list(row), 2) for row in pictures.float().split(columns) if len(row) == columns]
    return to_image(torch.cat(rows, 1))


def to_image(picture: Float[Tensor, "3 h w"]) -> Image:
    """The picture in 256 levels: what is outside [-1, 1] is clamped, what is between two levels goes to the nearer.

    Raises:
        ValueError: some values are not numbers; as levels they would look like black.
    """
    values = picture.detach().float()
    if values.isnan().any():
        raise ValueError("a picture with values that are not numbers (nan); its network or weights are broken")
    levels = ((values.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()
