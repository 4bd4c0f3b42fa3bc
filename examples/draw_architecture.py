"""Draws GFP-GAN's architecture, with the widths of the published v1.2 to v1.4 as our config has them.

python examples/draw_architecture.py docs/gfpgan.svg
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from retrato.classroom.drawn_faces import drawn_faces
from retrato.degradation import Preset, degrade, draw
from retrato.images.tensors import to_image, to_pictures
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.stylegan2 import resolutions
from retrato.shapes import Image

CONFIG = GFPGANConfig()
DECODED = resolutions(CONFIG.image_size)
"""8 px and so on."""
ALL = [4, *DECODED]
STEP, RISE, WIDTH, HEIGHT = 1.15, 0.74, 0.92, 0.56
"""Between two columns, between two sizes; of a block."""
PRIOR_TOP = RISE * len(ALL) + 2.1
BUS = PRIOR_TOP + 0.95
"""Where the styles run."""
UNET, PRIOR, STYLE, CONDITION, TRAINING = "#2563eb", "#c2410c", "#7c3aed", "#15803d", "#6b7280"
FACE_NUMBER, DEGRADATION_SEED = 5, 3


def main(target: Path) -> None:
    """Write the drawing, as SVG or whatever the name ends in."""
    matplotlib.rcParams["svg.hashsalt"] = "retrato"  # the same file every time
    figure = Figure(figsize=(17.6, 9.2))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_aspect("equal")
    draw_unet(axes)
    draw_prior(axes)
    draw_training(axes)
    draw_pictures(axes)
    figure.savefig(target, dpi=110, metadata={"Date": None} if target.suffix == ".svg" else None)
    print(f"look at {target}")


def level(size: int) -> float:
    """How high a size stands: the larger, the lower, so that no two arrows cross."""
    return RISE * (len(ALL) - 1 - ALL.index(size))


def encoder_column(size: int) -> float:
    return STEP * (len(ALL) - 1 - ALL.index(size))


def decoder_column(size: int) -> float:
    return STEP * (len(ALL) - 1 + ALL.index(size))


def draw_unet(axes: Axes) -> None:
    """Down to 4 px on the left, up to the picture's size on the right, and the skips between."""
    for size in ALL:
        block(axes, encoder_column(size), level(size), size, CONFIG.prior.channels(size) // 2, UNET)
    for size in DECODED:
        block(axes, decoder_column(size), level(size), size, CONFIG.prior.channels(size) // 2, UNET)
    for size in DECODED[:-1]:
        skip = (encoder_column(size) + WIDTH / 2, level(size)), (decoder_column(size) - WIDTH / 2, level(size))
        arrow(axes, *skip, UNET, alpha=0.35)
    for column in (encoder_column, decoder_column):
        for small, large in zip(ALL, DECODED, strict=False):
            ends = [(column(large), level(large)), (column(small), level(small))]
            joined(axes, *(ends if column is encoder_column else ends[::-1]))
    middle = (encoder_column(DECODED[-1]) + decoder_column(DECODED[-1])) / 2
    axes.text(middle - 2.6, -0.3, "U-Net: takes the degradation out", color=UNET, size=17, ha="center", weight="bold")
    axes.text(middle, level(DECODED[-2]) + 0.12, "skips", color=UNET, size=12, ha="center")


def draw_prior(axes: Axes) -> None:
    """From a constant to the picture; styles from above, scale and shift from below."""
    for size in ALL:
        column = decoder_column(size)
        block(axes, column, PRIOR_TOP, size, CONFIG.prior.channels(size), PRIOR)
        arrow(axes, (column, BUS), (column, PRIOR_TOP + HEIGHT / 2), STYLE)
        if size != ALL[-1]:
            following = decoder_column(2 * size)
            arrow(axes, (column + WIDTH / 2, PRIOR_TOP), (following - WIDTH / 2, PRIOR_TOP), PRIOR)
        if size != ALL[0]:
            arrow(axes, (column, level(size) + HEIGHT / 2), (column, PRIOR_TOP - HEIGHT / 2), CONDITION)
    first, last = decoder_column(ALL[0]), decoder_column(ALL[-1])
    axes.text(first - 0.6, PRIOR_TOP, "constant", size=12, color=PRIOR, ha="right", va="center")
    start = (first - 1.75, level(ALL[0]) + HEIGHT / 2)
    axes.plot([first - 0.25, first - 0.25, start[0], start[0]], [start[1], start[1] + 0.35, start[1] + 0.35, BUS],
              color=STYLE, lw=1.8)  # fmt: skip
    axes.plot([start[0], last], [BUS, BUS], color=STYLE, lw=1.8)
    styles = f"{CONFIG.prior.style_layers} styles of {CONFIG.prior.style_size} numbers"
    axes.text(start[0] - 0.15, BUS - 0.9, f"linear:\n{styles}", size=13, color=STYLE, ha="right", va="center")
    axes.text((first + last) / 2, BUS + 0.2, "StyleGAN2 prior: knows faces", size=17, color=PRIOR, ha="center",
              weight="bold")  # fmt: skip
    axes.text(decoder_column(64), PRIOR_TOP - 0.98, "scale and shift, for half of the prior's channels", size=13,
              color=CONDITION, ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})  # fmt: skip


def draw_training(axes: Axes) -> None:
    """What takes part in training alone."""
    last = decoder_column(CONFIG.image_size)
    for size in DECODED:
        column = decoder_column(size)
        axes.plot([column, column], [level(size) - HEIGHT / 2, -1.3], color=TRAINING, lw=1, ls=":")
    axes.plot([decoder_column(DECODED[0]), last], [-1.3, -1.3], color=TRAINING, lw=1, ls=":")
    middle = (decoder_column(DECODED[0]) + last) / 2
    words = "a picture at each size, like the target: the pyramid loss"
    axes.text(middle, -1.62, words, size=13, color=TRAINING, ha="center")
    judges = [
        "in training,",
        "compared with the target:",
        "· pixels",
        "· looks (VGG-19)",
        "· identity (ArcFace)",
        "judged by discriminators",
        "· of the face, with R1",
        "· of both eyes and the mouth",
    ]
    axes.text(last + 0.9, PRIOR_TOP - 2.05, "\n".join(judges), size=13, color=TRAINING, va="top", linespacing=1.5)


def draw_pictures(axes: Axes) -> None:
    """What goes in and what comes out."""
    degraded, restored = faces()
    side = 1.7
    left, right = -0.62, decoder_column(CONFIG.image_size) + 0.9
    axes.imshow(degraded, extent=(left - side, left, -side / 2, side / 2), zorder=2)
    axes.text(left - side / 2, side / 2 + 0.12, "degraded face", size=13, ha="center")
    axes.imshow(restored, extent=(right, right + side, PRIOR_TOP - side / 2, PRIOR_TOP + side / 2), zorder=2)
    axes.text(right + side / 2, PRIOR_TOP + side / 2 + 0.12, "restored face", size=13, ha="center")
    arrow(axes, (left, 0), (-WIDTH / 2, 0), UNET)
    arrow(axes, (right - 0.9 + WIDTH / 2, PRIOR_TOP), (right, PRIOR_TOP), PRIOR)
    axes.set(xlim=(-2.5, right + 3.75), ylim=(-2.0, BUS + 0.75))


def faces() -> tuple[Image, Image]:
    """A drawn face of nobody, degraded, and as it was."""
    *_, face = drawn_faces(FACE_NUMBER, 128)
    record = draw(torch.Generator().manual_seed(DEGRADATION_SEED), 1, Preset.HEAVY.ranges)
    return to_image(degrade(to_pictures([face]), record)[0][0]), face


def block(axes: Axes, x: float, y: float, size: int, channels: int, colour: str) -> None:
    """Features of a size, with how many channels they have."""
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.1"
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=style, facecolor=colour, edgecolor="none", zorder=3))
    axes.text(x, y + 0.1, f"{size} px", color="white", size=11.5, ha="center", va="center", weight="bold", zorder=4)
    axes.text(x, y - 0.13, f"{channels} ch", color="white", size=10, ha="center", va="center", zorder=4)


def joined(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """An arrow from one block to that of the next size."""
    up = np.sign(end[1] - start[1])
    arrow(
        axes, (start[0] + WIDTH / 4, start[1] + up * HEIGHT / 2), (end[0] - WIDTH / 4, end[1] - up * HEIGHT / 2), UNET
    )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, alpha: float = 1.0) -> None:
    head = "-|>,head_length=5,head_width=3"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle=head, color=colour, lw=1.8, alpha=alpha, shrinkA=0, shrinkB=0, zorder=1)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/gfpgan.svg"))
