"""What JPEG does to pictures (ITU-T T.81; ITU-T T.871 for colour), batched, without files.

Only the loss is computed: colour conversion, halved chroma, the cosine transform of 8x8 blocks and its rounding.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import PerPicture, Pictures

LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""ITU-T T.81, table K.1."""
CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""ITU-T T.81, table K.2."""
TO_LUMA_CHROMA = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
FROM_LUMA_CHROMA = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""ITU-T T.871, section 7; chroma around 0."""


def compress(pictures: Pictures, quality: PerPicture) -> Pictures:
    """Pictures as they come back from a JPEG of that quality (1 to 100, as libjpeg counts) with 4:2:0 chroma.

    Height and width must be multiples of 16, as a JPEG's own blocks are.
    """
    levels = ((pictures + 1) * 127.5).round()
    luma_chroma = torch.einsum("oi,nihw->nohw", levels.new_tensor(TO_LUMA_CHROMA), levels)
    chroma = F.avg_pool2d(luma_chroma[:, 1:], 2)
    luma = _quantise(luma_chroma[:, :1] - 128, _table(LUMA_TABLE, quality)) + 128
    chroma = _quantise(chroma, _table(CHROMA_TABLE, quality))
    chroma = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)  # libjpeg's "fancy" enlarging
    decoded = torch.einsum(
        "oi,nihw->nohw",
        levels.new_tensor(FROM_LUMA_CHROMA),
        torch.cat([luma.clamp(0, 255), chroma.clamp(-128, 127)], 1),
    )
    return decoded.round().clamp(0, 255) / 127.5 - 1


def _table(base: tuple[tuple[int, ...], ...], quality: PerPicture) -> Float[Tensor, "n 8 8"]:
    """Libjpeg's scaling of the standard's tables: 50 is the table itself, 100 is all ones."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor()
    return ((quality.new_tensor(base) * percent[:, None, None] + 50) / 100).floor().clamp(1, 255)


def _quantise(plane: Float[Tensor, "n c h w"], table: Float[Tensor, "n 8 8"]) -> Float[Tensor, "n c h w"]:
    """Transform each 8x8 block, round it to multiples of the table, and transform back."""
    cosines = _cosines().to(plane)
    blocks = plane.unflatten(2, (-1, 8)).unflatten(4, (-1, 8)).transpose(3, 4)  # (N, C, H/8, W/8, 8, 8)
    steps = table[:, None, None, None]
    rounded = (cosines @ blocks @ cosines.T / steps).round() * steps
    return (cosines.T @ rounded @ cosines).transpose(3, 4).flatten(4, 5).flatten(2, 3)


def _cosines() -> Float[Tensor, "8 8"]:
    """The orthonormal cosine transform of eight samples (T.81, A.3.3)."""
    frequency, position = torch.arange(8.0)[:, None], torch.arange(8.0)[None, :]
    cosines = torch.cos((2 * position + 1) * frequency * math.pi / 16) / 2
    cosines[0] /= math.sqrt(2)
    return cosines
