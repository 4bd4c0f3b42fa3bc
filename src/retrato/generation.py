"""Faces of nobody, drawn by a StyleGAN2 prior: styles are decided first, pictures are drawn of them second.

DCGAN has no styles: its pictures are drawn of latents.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.networks.dcgan import DCGAN, Latents
from retrato.networks.stylegan2 import StyleGAN2Generator, Styles, in_every_layer, mix_styles, truncated
from retrato.shapes import Faces

DrawnFace = Float[Tensor, "3 s s"]
"""RGB in [-1, 1]."""
MeanStyle = Float[Tensor, "1 style"]
"""The style of the face that a prior finds most ordinary."""

FACES_AT_ONCE = 8
"""Bounds the memory, however many faces are drawn."""
COARSE_LAYERS = 4
"""Those of 4 and 8 px, the paper's coarse styles: pose, shape of face and hair (Karras et al., 2019, figure 3)."""

_MEAN_LATENTS = 4096
_MEAN_SEED = 0


def draw_faces(
    generator: StyleGAN2Generator,
    count: int,
    rng: torch.Generator,
    *,
    kept: float = 0.7,
    mean: MeanStyle | None = None,
) -> Faces:
    """Faces of latents drawn from `rng`; the first ones are the same however many are drawn. They are on the CPU.

    Args:
        generator: with trained weights.
        count: 1 or more.
        rng: on the CPU.
        kept: how much of a style's distance to the mean is left, the paper's psi.
        mean: which styles are drawn towards; `mean_style` by default.
    """
    mean = mean_style(generator) if mean is None else mean
    styles = truncated(draw_styles(generator, count, rng), mean, kept)
    return torch.stack(list(each_face(generator, styles)))


@torch.no_grad()
def mean_style(generator: StyleGAN2Generator) -> MeanStyle:
    """The mean of 4096 styles, always of the same latents."""
    return generator.mean_style(_MEAN_LATENTS, torch.Generator().manual_seed(_MEAN_SEED))


@torch.no_grad()
def draw_styles(generator: StyleGAN2Generator, count: int, rng: torch.Generator) -> Styles:
    """One style a face for all its layers, not truncated, where the generator is.

    Raises:
        ValueError: no faces are asked for.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more, found {count}")
    # One by one: how torch fills a tensor with normal numbers depends on the tensor's size.
    latents = torch.stack([torch.randn(generator.config.style_size, generator=rng) for _ in range(count)])
    style = generator.mapping(latents.to(generator.constant.device))
    return in_every_layer(style, generator.config.style_layers)


def draw_latents(generator: DCGAN, count: int, rng: torch.Generator) -> Latents:
    """Evenly from -1 to 1, as the paper has it (Radford et al., 2016, section 4); on the CPU.

    The first ones are the same however many are drawn.
    """
    return 2 * torch.stack([torch.rand(generator.config.latent_size, generator=rng) for _ in range(count)]) - 1


def latent_loop(latents: Float[Tensor, "n latent"], frames_between: int) -> Float[Tensor, "n*{frames_between} latent"]:
    """Straight ways through Z, as in the paper's figure 4; as `style_loop`."""
    return style_loop(latents[:, None], frames_between)[:, 0]


def each_picture(generator: DCGAN, latents: Latents) -> Iterator[DrawnFace]:
    """Picture after picture, on the CPU, drawn a few at a time by a generator that is not training."""
    device = generator.to_pictures.weight.device
    for batch in latents.split(FACES_AT_ONCE):
        with torch.no_grad():
            pictures = generator(batch.to(device)).cpu()
        yield from pictures


def each_face(generator: StyleGAN2Generator, styles: Styles) -> Iterator[DrawnFace]:
    """Face after face, on the CPU, drawn a few at a time."""
    for batch in styles.split(FACES_AT_ONCE):
        with torch.no_grad():
            faces = generator(batch).clamp(-1, 1).cpu()
        yield from faces


def truncation_sweep(
    styles: Float[Tensor, "n layers style"], mean: MeanStyle, strengths: Sequence[float]
) -> Float[Tensor, "n*{len(strengths)} layers style"]:
    """Each style at several strengths of truncation (Karras et al., 2019, figure 8), style after style.

    Args:
        styles: not truncated.
        mean: which they are drawn towards.
        strengths: how much of the distance to the mean is left, the paper's psi.
    """
    swept = torch.stack([truncated(styles, mean, kept) for kept in strengths], dim=1)  # (N, strengths, L, S)
    return swept.flatten(0, 1)


def style_mixing(
    coarse: Float[Tensor, "rows layers style"], fine: Float[Tensor, "columns layers style"], cut: int = COARSE_LAYERS
) -> Float[Tensor, "rows*columns layers style"]:
    """Every coarse style with every fine one (Karras et al., 2019, figure 3), coarse style after coarse style.

    Args:
        coarse: give the layers before `cut`.
        fine: give the layers from `cut` on.
        cut: two layers a resolution, from 4 px on; 8 takes the paper's middle styles from the coarse ones too.
    """
    rows, columns = len(coarse), len(fine)
    return mix_styles(coarse.repeat_interleave(columns, 0), fine.repeat(rows, 1, 1), cut)


def style_loop(
    styles: Float[Tensor, "n layers style"], frames_between: int
) -> Float[Tensor, "n*{frames_between} layers style"]:
    """Straight ways through W from each style to the next and from the last to the first, at rest in each.

    Args:
        styles: the frames 0, `frames_between`, 2 `frames_between`, ...
        frames_between: frames from one style to the next, 1 or more.

    Raises:
        ValueError: there are no frames between.
    """
    if frames_between < 1:
        raise ValueError(f"frames_between must be 1 or more, found {frames_between}")
    ways = [_eased(frame / frames_between) for frame in range(frames_between)]
    following = styles.roll(-1, dims=0)
    loop = torch.stack([torch.lerp(styles, following, way) for way in ways], dim=1)  # (N, frames, L, S)
    return loop.flatten(0, 1)


def _eased(time: float) -> float:
    """From 0 to 1 in that time, slowly at both ends: at full speed, turning at a style would be seen as a jolt."""
    return (1 - math.cos(math.pi * time)) / 2
