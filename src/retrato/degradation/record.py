"""How a picture goes bad: the ranges, and one draw from them for each picture."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class DegradationRanges:
    """What may happen to a picture; the defaults are those of GFP-GAN's published training config.

    Lengths are in pixels of a face of 512 px; at other sizes they shrink along.
    """

    blur_sigma: tuple[float, float] = (0.1, 10.0)
    """Spread of the blur."""
    isotropic_share: float = 0.5
    """How many blurs are round; the others are long, in any direction."""
    shrink: tuple[float, float] = (0.8, 8.0)
    """How many times smaller than 512 px the face gets before it is enlarged again."""
    noise_sigma: tuple[float, float] = (0.0, 20.0)
    """Spread of the Gaussian noise, in levels of 255."""
    jpeg_quality: tuple[float, float] = (60.0, 100.0)
    """As libjpeg counts it."""
    grey_share: float = 0.01
    """How many pictures are grey, the target too: what has no colour is to be restored without."""
    untouched_share: float = 0.0
    """How many pictures stay as they are, so that a restorer learns to leave good ones alone."""
    mildness: float = 0.0
    """How many pictures are drawn from the milder quarter of every range."""


PAPER = DegradationRanges()
"""As published, without its colour jitter (which makes the published v1 colour grey photographs)."""
LIGHT = DegradationRanges(blur_sigma=(0.1, 3.0), shrink=(0.8, 3.0), noise_sigma=(0.0, 8.0), jpeg_quality=(80.0, 100.0))
HEAVY = DegradationRanges(
    blur_sigma=(5.0, 12.0), shrink=(6.0, 12.0), noise_sigma=(10.0, 25.0), jpeg_quality=(40.0, 70.0)
)


@dataclass(frozen=True)
class DegradationRecord:
    """What happens to each picture of a batch; everything that chance decides, so that applying it is exact."""

    blur_sigma: Float[Tensor, "n 2"]
    """Spread along the two axes of the kernel, in pixels of a face of 512 px."""
    blur_angle: Float[Tensor, " n"]
    """Of the first axis, in radians."""
    shrink: Float[Tensor, " n"]
    noise_sigma: Float[Tensor, " n"]
    """In levels of 255."""
    noise_seed: Int64[Tensor, " n"]
    jpeg_quality: Float[Tensor, " n"]
    is_grey: Bool[Tensor, " n"]
    is_untouched: Bool[Tensor, " n"]

    def to(self, device: torch.device) -> "DegradationRecord":
        """The same record on another device."""
        return replace(self, **{name: tensor.to(device) for name, tensor in vars(self).items()})

    def __getitem__(self, chosen: Int64[Tensor, " m"]) -> "DegradationRecord":
        return replace(self, **{name: tensor[chosen] for name, tensor in vars(self).items()})


def draw(rng: torch.Generator, count: int, ranges: DegradationRanges = PAPER) -> DegradationRecord:
    """Draw what happens to `count` pictures. The same state of `rng` gives the same record on every machine."""

    def uniform(low: float, high: float) -> Float[Tensor, " n"]:
        return low + (high - low) * torch.rand(count, generator=rng)

    def happens(share: float) -> Bool[Tensor, " n"]:
        return torch.rand(count, generator=rng) < share

    reach = torch.where(happens(ranges.mildness), 0.25, 1.0)

    def within(ends: tuple[float, float]) -> Float[Tensor, " n"]:
        mildest, worst = ends
        return mildest + (worst - mildest) * reach * torch.rand(count, generator=rng)

    sigma, other_sigma = within(ranges.blur_sigma), within(ranges.blur_sigma)
    other_sigma = torch.where(happens(ranges.isotropic_share), sigma, other_sigma)
    worst_quality, best_quality = ranges.jpeg_quality
    return DegradationRecord(
        blur_sigma=torch.stack([sigma, other_sigma], 1),
        blur_angle=uniform(-math.pi, math.pi),
        shrink=within(ranges.shrink),
        noise_sigma=within(ranges.noise_sigma),
        noise_seed=torch.randint(2**31, (count,), generator=rng),
        jpeg_quality=within((best_quality, worst_quality)).round(),
        is_grey=happens(ranges.grey_share),
        is_untouched=happens(ranges.untouched_share),
    )
