"""Making pictures bad, as a record says."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from retrato.degradation.blur import blur, gaussian_kernels
from retrato.degradation.jpeg import compress
from retrato.degradation.noise import seeded_noise
from retrato.degradation.record import DegradationRecord
from retrato.images.tensors import rounded
from retrato.shapes import PerPicture, Pictures

KERNEL_SIZE = 41
"""Width of the published blur kernel, in pixels of a face of 512 px."""
REFERENCE_SIZE = 512
CANVAS_STEP = 64
"""Shrunk pictures whose sizes round up to the same multiple of this are worked on together; 16 divides it, for JPEG."""
LEAST_SHRINK = 0.8
GREY_WEIGHTS = (0.299, 0.587, 0.114)


def degrade(targets: Pictures, record: DegradationRecord, face_size: float | None = None) -> tuple[Pictures, Pictures]:
    """Blur, shrink, add noise, compress, enlarge: the published order, batched, on the pictures' device.

    Args:
        targets: good pictures.
        record: what happens to each.
        face_size: width in pixels of an aligned face in these pictures, to which lengths in the record are brought; by
            default the pictures' own width, as for aligned faces.

    Returns:
        The degraded pictures, rounded to 256 levels, and their targets (grey where the degraded one is).
    """
    targets = torch.where(record.is_grey[:, None, None, None], grey(targets), targets)
    degraded = targets.clone()
    scale = (targets.shape[-1] if face_size is None else face_size) / REFERENCE_SIZE
    record = _in_pixels(record, scale)
    canvases = _canvas_sizes(max(targets.shape[2:]), record.shrink)
    for canvas in canvases[~record.is_untouched].unique().tolist():
        together = ((canvases == canvas) & ~record.is_untouched).nonzero()[:, 0]
        degraded[together] = _degrade_on(canvas, targets[together], record[together], scale)
    return degraded, targets


def _degrade_on(canvas: int, targets: Pictures, record: DegradationRecord, scale: float) -> Pictures:
    """Degrade pictures whose shrunk versions all fit a square canvas of that size."""
    kernel_size = 2 * max(1, round(KERNEL_SIZE // 2 * scale)) + 1
    blurred = blur(targets, gaussian_kernels(record.blur_sigma, record.blur_angle, kernel_size))
    rows, columns = (_Resampling.between(size, record.shrink, canvas) for size in targets.shape[2:])
    small = rows.shrink @ blurred @ columns.shrink.mT
    noise = seeded_noise(record.noise_seed, tuple(small.shape[1:]))
    noise = torch.where(record.is_grey[:, None, None, None], noise[:, :1], noise)
    noisy = (small + noise * (record.noise_sigma / 127.5)[:, None, None, None]).clamp(-1, 1)
    return rounded(rows.enlarge @ compress(noisy, record.jpeg_quality) @ columns.enlarge.mT)


def grey(pictures: Pictures) -> Pictures:
    """Luma in all three channels (ITU-R BT.601)."""
    luma = torch.einsum("c,nchw->nhw", pictures.new_tensor(GREY_WEIGHTS), pictures)
    return luma[:, None].expand_as(pictures)


def _in_pixels(record: DegradationRecord, scale: float) -> DegradationRecord:
    """What a record says of faces of 512 px, said of faces `scale` times as large.

    A face of 256 px that is to be as small as one of 512 px is at half its size stays as large as it is. Where it would
    have to be enlarged by more than the published pictures ever are, its noise shrinks instead, as averaging would do.
    """
    shrink = (record.shrink * scale).clamp(min=LEAST_SHRINK)
    return replace(
        record,
        # A narrower Gaussian is a single point when it is sampled at whole pixels; zero would divide by zero.
        blur_sigma=(record.blur_sigma * scale).clamp(min=0.05),
        shrink=shrink,
        noise_sigma=record.noise_sigma * record.shrink * scale / shrink,
    )


def _small_sizes(size: int, shrink: PerPicture) -> PerPicture:
    return (size / shrink).floor().clamp(min=1)


def _canvas_sizes(size: int, shrink: PerPicture) -> Int64[Tensor, " n"]:
    """It hangs on a picture's own record alone, so that what happens to it does not depend on its batch."""
    return (_small_sizes(size, shrink) / CANVAS_STEP).ceil().long() * CANVAS_STEP


@dataclass(frozen=True)
class _Resampling:
    """The matrices that shrink one side of each picture, and enlarge it again.

    A shrunk picture stands in the corner of its canvas, the rest of which repeats its last row and column, as a JPEG
    pads its blocks.
    """

    shrink: Float[Tensor, "n 1 canvas full"]
    enlarge: Float[Tensor, "n 1 full canvas"]

    @classmethod
    def between(cls, size: int, shrink: PerPicture, canvas: int) -> "_Resampling":
        small = _small_sizes(size, shrink)
        full = torch.full_like(small, size)
        return cls(_bilinear(full, small, size, canvas)[:, None], _bilinear(small, full, canvas, size)[:, None])


def _bilinear(before: PerPicture, after: PerPicture, columns: int, rows: int) -> Float[Tensor, "n rows columns"]:
    """Matrices that resample `before` positions to `after` ones; further rows repeat the last."""
    row = torch.minimum(torch.arange(rows, device=before.device)[None], after[:, None] - 1)  # (N, R)
    place = (row + 0.5) * (before / after)[:, None] - 0.5
    place = torch.minimum(place.clamp(min=0), before[:, None] - 1)
    return (1 - (torch.arange(columns, device=before.device) - place[:, :, None]).abs()).clamp(min=0)
