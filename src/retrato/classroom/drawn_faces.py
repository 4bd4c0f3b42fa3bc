"""Drawn faces of nobody, for lessons that need hundreds of faces and no photographs.

Eyes, nose and mouth are where the FFHQ template has them, so that everything here takes them for aligned faces. What a
face looks like is drawn by chance first, as a `Portrait`; it is painted second.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float

from retrato.faces.alignment import FFHQ_LANDMARKS
from retrato.images.files import write_image
from retrato.images.photo import Photo
from retrato.shapes import Image

Colour = tuple[float, float, float]
"""RGB, 0 to 255."""
Point = tuple[float, float]
"""(x, y) in widths of the picture."""

SKINS: tuple[Colour, ...] = (
    (250, 216, 190),
    (236, 190, 155),
    (208, 156, 118),
    (172, 118, 82),
    (128, 84, 58),
    (92, 60, 44),
)
HAIRS: tuple[Colour, ...] = ((34, 28, 26), (72, 46, 30), (120, 76, 40), (196, 154, 88), (150, 62, 34), (178, 176, 174))
IRISES: tuple[Colour, ...] = ((70, 44, 28), (96, 70, 34), (64, 104, 74), (66, 104, 150))
CLOTHES: tuple[Colour, ...] = (
    (40, 60, 110),
    (130, 36, 44),
    (50, 92, 70),
    (210, 206, 196),
    (60, 60, 66),
    (190, 140, 50),
)
PAPERS: tuple[Colour, ...] = ((176, 196, 210), (208, 200, 184), (150, 164, 150), (120, 128, 146), (226, 222, 216))

EYES: tuple[Point, Point] = tuple((float(x), float(y)) for x, y in FFHQ_LANDMARKS[:2] / 512)  # type: ignore[assignment]
NOSE: Point = (0.5, float(FFHQ_LANDMARKS[2, 1]) / 512)
MOUTH: Point = (0.5, float(FFHQ_LANDMARKS[3:, 1].mean()) / 512)
MOUTH_REACH = float(FFHQ_LANDMARKS[4, 0] - FFHQ_LANDMARKS[3, 0]) / 1024
"""From its middle to a corner."""
FACE: Point = (0.5, 0.52)
DRAWN_LARGER = 4
"""How many times as large a face is painted before it is averaged down, which makes its edges soft."""
SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Portrait:
    """All that chance decides about a face. Lengths are in widths of the picture."""

    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    paper: Colour
    """Of the background."""
    half_width: float
    """Of the face."""
    hair_end: float
    """How far down the hair goes at the sides."""
    fringe_end: float
    """How far down it goes over the forehead."""
    eye_size: float
    brow_slant: float
    """How much higher the inner ends of the brows are; negative looks stern."""
    smile: float
    """How much higher the corners of the mouth are than its middle; negative is sad."""
    shows_teeth: bool
    wears_glasses: bool
    light: float
    """From -1, all from the left, to 1, all from the right."""


def draw_portrait(rng: torch.Generator) -> Portrait:
    """What a face looks like, by chance."""

    def between(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=rng).item()

    def one_of(colours: tuple[Colour, ...]) -> Colour:
        chosen = colours[int(torch.randint(len(colours), (), generator=rng))]
        change = between(0.9, 1.1)
        red, green, blue = (min(255.0, channel * change) for channel in chosen)
        return red, green, blue

    return Portrait(
        skin=one_of(SKINS),
        hair=one_of(HAIRS),
        iris=one_of(IRISES),
        clothes=one_of(CLOTHES),
        paper=one_of(PAPERS),
        half_width=between(0.23, 0.29),
        hair_end=between(0.45, 0.95),
        fringe_end=between(0.26, 0.38),
        eye_size=between(0.034, 0.048),
        brow_slant=between(-0.02, 0.02),
        smile=between(-0.03, 0.06),
        shows_teeth=between(0, 1) < 0.35,
        wears_glasses=between(0, 1) < 0.2,
        light=between(-1, 1),
    )


def paint(portrait: Portrait, size: int) -> Image:
    """The face, `size` px wide and high."""
    easel = Easel(size * DRAWN_LARGER, portrait.paper)
    _paint_hair_behind(easel, portrait)
    _paint_head(easel, portrait)
    _paint_fringe(easel, portrait)
    _paint_eyes(easel, portrait)
    _paint_nose_and_mouth(easel, portrait)
    lit = easel.pixels * _light(portrait, len(easel.pixels))
    return cv2.resize(lit, (size, size), interpolation=cv2.INTER_AREA).clip(0, 255).round().astype(np.uint8)


def drawn_faces(count: int, size: int, seed: int = 0) -> list[Image]:
    """That many faces; the first ones are the same however many are drawn."""
    rng = torch.Generator().manual_seed(seed)
    return [paint(draw_portrait(rng), size) for _ in range(count)]


def write_drawn_faces(folder: Path, count: int, size: int, seed: int = 0) -> Path:
    """Write them as 0000.png, 0001.png, ..., to train on, and give the folder back.

    Raises:
        UnwritableOutput: the folder cannot be written.
    """
    for number, face in enumerate(drawn_faces(count, size, seed)):
        write_image(Photo(face), folder / f"{number:04}.png", replace=True)
    return folder


class Easel:
    """A picture that is being painted, in widths of itself."""

    def __init__(self, size: int, paper: Colour) -> None:
        self.size = size
        self.pixels: Float[np.ndarray, "s s 3"] = np.full((size, size, 3), paper, np.float32)

    def oval(self, middle: Point, reach: Point, colour: Colour) -> None:
        """A filled ellipse; `reach` is from its middle to its sides."""
        angle = np.linspace(0, 2 * np.pi, 90)
        self.shape([(middle[0] + reach[0] * np.cos(a), middle[1] + reach[1] * np.sin(a)) for a in angle], colour)

    def shape(self, corners: list[Point], colour: Colour) -> None:
        """A filled polygon."""
        cv2.fillPoly(self.pixels, [self._placed(corners)], colour, cv2.LINE_8, SUBPIXEL_BITS)

    def line(self, points: list[Point], width: float, colour: Colour) -> None:
        """A line through points."""
        thickness = max(1, round(width * self.size))
        cv2.polylines(self.pixels, [self._placed(points)], False, colour, thickness, cv2.LINE_8, SUBPIXEL_BITS)

    def _placed(self, points: list[Point]) -> np.ndarray:
        return np.round(np.array(points) * self.size * 2**SUBPIXEL_BITS).astype(np.int32)


def shaded(colour: Colour, factor: float) -> Colour:
    """Darker, or lighter above 1."""
    red, green, blue = (min(255.0, channel * factor) for channel in colour)
    return red, green, blue


def arc(middle: Point, reach: float, rise: float) -> list[Point]:
    """A curve from left to right whose ends are `rise` higher than its middle."""
    return [(middle[0] + reach * step, middle[1] - rise * step**2) for step in np.linspace(-1, 1, 25)]


def _paint_hair_behind(easel: Easel, portrait: Portrait) -> None:
    reach = portrait.half_width + 0.055
    colour = shaded(portrait.hair, 0.85)
    easel.oval((FACE[0], 0.4), (reach, 0.31), colour)
    sides = [(FACE[0] - reach, 0.4), (FACE[0] + reach, 0.4)]
    ends = [(FACE[0] + 0.95 * reach, portrait.hair_end), (FACE[0] - 0.95 * reach, portrait.hair_end)]
    easel.shape([*sides, *ends], colour)


def _paint_head(easel: Easel, portrait: Portrait) -> None:
    shadow = shaded(portrait.skin, 0.82)
    easel.oval((FACE[0], 1.12), (0.46, 0.24), portrait.clothes)
    easel.shape([(0.41, 0.75), (0.59, 0.75), (0.61, 0.95), (0.39, 0.95)], shadow)
    for side in (-1, 1):
        easel.oval((FACE[0] + side * portrait.half_width, 0.53), (0.03, 0.06), shadow)
    easel.oval(FACE, (portrait.half_width, 0.34), portrait.skin)


def _paint_fringe(easel: Easel, portrait: Portrait) -> None:
    """The hair in front: the top of the head down to a curve over the forehead."""
    reach = portrait.half_width + 0.02
    angle = np.linspace(np.pi, 2 * np.pi, 45)
    top = [(FACE[0] + reach * np.cos(a), 0.44 + 0.32 * np.sin(a)) for a in angle]
    hairline = arc((FACE[0], portrait.fringe_end), reach, portrait.fringe_end - 0.44)[::-1]
    easel.shape([*top, *hairline], portrait.hair)


def _paint_eyes(easel: Easel, portrait: Portrait) -> None:
    size = portrait.eye_size
    for eye, outwards in zip(EYES, (-1, 1), strict=True):
        easel.oval(eye, (1.35 * size, 0.8 * size), (246, 244, 240))
        easel.oval(eye, (0.72 * size, 0.78 * size), portrait.iris)
        easel.oval(eye, (0.34 * size, 0.36 * size), (16, 14, 14))
        easel.oval((eye[0] - 0.25 * size, eye[1] - 0.28 * size), (0.15 * size, 0.15 * size), (255, 255, 255))
        lid = arc((eye[0], eye[1] - 0.8 * size), 1.35 * size, -0.7 * size)
        easel.line(lid, 0.012, shaded(portrait.skin, 0.45))
        inner = (eye[0] - outwards * 0.06, eye[1] - 0.085 - portrait.brow_slant)
        easel.line([inner, (eye[0] + outwards * 0.065, eye[1] - 0.08)], 0.022, shaded(portrait.hair, 0.75))
        if portrait.wears_glasses:
            frame = [(eye[0] + 0.09 * np.cos(a), eye[1] + 0.075 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 60)]
            easel.line(frame, 0.012, (30, 30, 34))
    if portrait.wears_glasses:
        easel.line([(EYES[0][0] + 0.09, EYES[0][1]), (EYES[1][0] - 0.09, EYES[1][1])], 0.012, (30, 30, 34))


def _paint_nose_and_mouth(easel: Easel, portrait: Portrait) -> None:
    shadow = shaded(portrait.skin, 0.72)
    side = 0.02 if portrait.light < 0 else -0.02  # the shadow is where the light is not
    easel.line([(NOSE[0] + side / 2, 0.48), (NOSE[0] + 2 * side, NOSE[1])], 0.012, shadow)
    easel.line(arc(NOSE, 0.035, 0.02), 0.014, shadow)
    red, green, blue = portrait.skin
    lips = (0.78 * red, 0.5 * green, 0.52 * blue)
    mouth = arc(MOUTH, MOUTH_REACH, portrait.smile)
    if portrait.shows_teeth:
        upper = [(x, y - 0.01) for x, y in arc(MOUTH, MOUTH_REACH, portrait.smile)]
        lower = arc((MOUTH[0], MOUTH[1] + 0.045), MOUTH_REACH, portrait.smile + 0.05)[::-1]
        easel.shape([*upper, *lower], (244, 242, 236))
        easel.line([*upper, *lower, upper[0]], 0.014, lips)
    else:
        easel.line(mouth, 0.026, lips)


def _light(portrait: Portrait, size: int) -> Float[np.ndarray, "s s 1"]:
    """Brighter on one side, and darker towards the bottom."""
    across, down = np.linspace(-1, 1, size), np.linspace(0, 1, size)
    light: Float[np.ndarray, "s s 1"] = (1 + 0.16 * portrait.light * across - 0.1 * down[:, None])[..., None]
    return light.astype(np.float32)
