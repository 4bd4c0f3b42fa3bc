"""Making pictures bad, as a record says."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from retrato.degradation.blur import blur, gaussian_kernels
from retrato.degradation.colour import change_colours, grey_where
from retrato.degradation.jpeg import compress
from retrato.degradation.light import lit
from retrato.degradation.old_photo import age, tone
from retrato.degradation.record import REFERENCE_SIZE, CaptureRecord, DegradationRecord
from retrato.images.tensors import rounded
from retrato.networks.noise import seeded_noise
from retrato.shapes import PerPicture, Pictures

KERNEL_SIZE = 41
"""Width of the published blur kernel, in pixels of a face of 512 px."""
CANVAS_STEP = 64
"""Shrunk pictures whose sizes round up to the same multiple of this are worked on together; 16 divides it, for JPEG."""
LEAST_SHRINK = 0.8


def degrade(targets: Pictures, record: DegradationRecord, face_size: float | None = None) -> tuple[Pictures, Pictures]:
    """Age, blur, shrink, add noise, compress, enlarge, change colours: the published order, batched, on any device.

    Args:
        targets: good pictures.
        record: what happens to each.
        face_size: width in pixels of an aligned face in these pictures, to which lengths in the record are brought; by
            default the pictures' own width, as for aligned faces.

    Returns:
        The degraded pictures, rounded to 256 levels, and their targets (grey, toned, shifted or lit where the degraded
        are).
    """
    scale = (targets.shape[-1] if face_size is None else face_size) / REFERENCE_SIZE
    targets = lit(_shifted(targets, (record.shift * scale).round().long()), record.light)
    plain = grey_where(record.is_grey, targets)
    targets = tone(plain, record.old_photo)
    degraded = targets.clone()
    touched = (~record.is_untouched).nonzero()[:, 0]
    degraded[touched] = _degraded(plain[touched], record[touched], scale)
    return degraded, targets


def _degraded(pictures: Pictures, record: DegradationRecord, scale: float) -> Pictures:
    captured = _captured(pictures, record.capture, record, scale)
    uneven = record.square[:, 2].nonzero()[:, 0]
    if len(uneven):
        part = record[uneven]
        inside = _captured(pictures[uneven], part.capture_inside, part, scale)
        captured[uneven] = torch.where(_squares(part.square, *pictures.shape[2:]), inside, captured[uneven])
    return rounded(change_colours(captured, record.colour))


def _captured(pictures: Pictures, capture: CaptureRecord, record: DegradationRecord, scale: float) -> Pictures:
    """Taken and stored once, together with those whose shrunk versions fit a canvas of the same size."""
    capture = _in_pixels(capture, scale)
    captured = torch.empty_like(pictures)
    canvases = _canvas_sizes(max(pictures.shape[2:]), capture.shrink)
    for canvas in canvases.unique().tolist():
        together = (canvases == canvas).nonzero()[:, 0]
        captured[together] = _captured_on(canvas, pictures[together], capture[together], record[together], scale)
    return captured


def _captured_on(
    canvas: int, pictures: Pictures, capture: CaptureRecord, record: DegradationRecord, scale: float
) -> Pictures:
    kernel_size = 2 * max(1, round(KERNEL_SIZE // 2 * scale)) + 1
    blurred = blur(pictures, gaussian_kernels(capture.blur_sigma, capture.blur_angle, kernel_size))
    hazed = 1 + (age(blurred, record.old_photo, scale) - 1) * capture.haze[:, None, None, None]
    rows, columns = (_Resampling.between(size, capture.shrink, canvas) for size in pictures.shape[2:])
    small = rows.shrink @ hazed @ columns.shrink.mT
    noise = seeded_noise(capture.noise_seed, tuple(small.shape[1:]))
    noise = torch.where(record.is_grey[:, None, None, None], noise[:, :1], noise)
    noisy = (small + noise * (capture.noise_sigma / 127.5)[:, None, None, None]).clamp(-1, 1)
    return rows.enlarge @ compress(noisy, capture.jpeg_quality) @ columns.enlarge.mT


def _shifted(pictures: Pictures, shift: Int64[Tensor, "n 2"]) -> Pictures:
    """Moved by whole pixels to the right and down, mirrored at the border."""
    if not shift.any():
        return pictures
    height, width = pictures.shape[2:]
    columns, rows = (_mirrored(size, shift[:, axis]) for axis, size in enumerate((width, height)))
    moved = pictures.gather(2, rows[:, None, :, None].expand_as(pictures))
    return moved.gather(3, columns[:, None, None, :].expand_as(pictures))


def _mirrored(size: int, shift: Int64[Tensor, " n"]) -> Int64[Tensor, "n size"]:
    """Where each position comes from."""
    position = (torch.arange(size, device=shift.device) - shift[:, None]) % (2 * size)
    return torch.minimum(position, 2 * size - 1 - position)


def _squares(square: Float[Tensor, "n 3"], height: int, width: int) -> Bool[Tensor, "n 1 height width"]:
    """True inside."""
    inside = []
    for axis, size in enumerate((width, height)):
        position = (torch.arange(size, device=square.device) + 0.5) / size
        start, side = square[:, axis, None], square[:, 2, None]
        inside.append((position >= start) & (position < start + side))
    return inside[1][:, None, :, None] & inside[0][:, None, None, :]


def _in_pixels(record: CaptureRecord, scale: float) -> CaptureRecord:
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
