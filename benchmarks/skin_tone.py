"""Which apparent skin tone faces have, as a CSV that `retrato evaluate --groups` takes.

    python benchmarks/skin_tone.py FACES... [--coarse] [-o tones.csv]

FACES are folders or archives of square faces, aligned as `retrato prepare` writes them. What is measured is the
individual typology angle (Chardon, Cretois and Hourseau, 1991) of patches of cheeks and forehead, in six classes (Del
Bino and Bernerd, 2013). The angle was made for skin in measured light. Of a photograph it says how light the skin looks
in that photograph: lamps, shadows and white balance move it by a class and more. Of grey pictures, and of skin in blue
light, it says nothing: their tone is `unclear`. `--coarse` gives three classes of two each: no photograph
is good for more.
"""

import argparse
import csv
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from jaxtyping import Float32

from retrato.data import FaceImages, StoredImage, find_stored_images
from retrato.faces.alignment import template
from retrato.shapes import Image
from retrato.whole_files import written_whole

SIZE = 512
"""Width in pixels of the faces that are measured."""
CLASSES = ((55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"))
"""Each begins above an angle in degrees and ends with the one before; below them all is `DARKEST`."""
COARSE = ((41, "light"), (10, "intermediate"))
"""Two classes each: very light and light, intermediate and tan, brown and dark."""
DARKEST = "dark"
UNCLEAR = "unclear"
LEAST_YELLOW = 4.0
"""b* below which nothing is skin in white light: the angle turns over where b* crosses 0."""
PATCH = 0.3
"""Width of a patch, as part of the distance between the eyes."""
FOREHEAD = 0.62
"""How far above the eyes its patch is, as part of the distance between them."""

Lab = Float32[np.ndarray, "pixels 3"]
"""CIELAB under D65: L* from 0 to 100, a*, b*."""


@dataclass(frozen=True)
class SkinTone:
    """How light skin looks."""

    angle: float
    """Individual typology angle in degrees, higher is lighter; nan where it says nothing."""

    @property
    def words(self) -> str:
        """The class of the angle, one of six."""
        return self._among(CLASSES)

    @property
    def coarse_words(self) -> str:
        """One of three."""
        return self._among(COARSE)

    def _among(self, classes: tuple[tuple[int, str], ...]) -> str:
        if math.isnan(self.angle):
            return UNCLEAR
        return next((name for least, name in classes if self.angle > least), DARKEST)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path, nargs="+", help="folders or tar archives")
    parser.add_argument("--coarse", action="store_true", help="three classes instead of six")
    parser.add_argument("-o", "--output", type=Path, help="the CSV file; without, it is printed")
    options = parser.parse_args()
    stored = find_stored_images(options.faces)
    if options.output is None:
        write_table(sys.stdout, stored, is_coarse=options.coarse)
        return
    with written_whole(options.output) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        write_table(file, stored, is_coarse=options.coarse)


def write_table(file: TextIO, stored: Sequence[StoredImage], *, is_coarse: bool) -> None:
    """A line for each face."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["name", "ita", "skin_tone"])
    for each, face in zip(stored, FaceImages(stored, SIZE), strict=True):
        tone = skin_tone(face.permute(1, 2, 0).numpy())
        words = tone.coarse_words if is_coarse else tone.words
        writer.writerow([each.name, "" if math.isnan(tone.angle) else f"{tone.angle:.1f}", words])


def skin_tone(face: Image) -> SkinTone:
    """Of an aligned face, by the medians of what is neither highlight nor shadow in its patches."""
    pixels = without_extremes(patches(face))
    _, _, yellow = np.median(pixels, axis=0)
    return SkinTone(typology_angle(float(np.median(pixels[:, 0])), float(yellow)))


def typology_angle(lightness: float, yellow: float) -> float:
    """arctan((L* - 50) / b*) in degrees; nan where b* is not that of skin."""
    return math.degrees(math.atan((lightness - 50) / yellow)) if yellow >= LEAST_YELLOW else math.nan


def patches(face: Image) -> Lab:
    """Pixels of both cheeks, midway between eye and corner of the mouth, and of the forehead."""
    left_eye, right_eye, _, left_mouth, right_mouth = template(len(face))
    between = float(np.linalg.norm(right_eye - left_eye))
    forehead = (left_eye + right_eye) / 2 - (0, FOREHEAD * between)
    centres = np.array([(left_eye + left_mouth) / 2, (right_eye + right_mouth) / 2, forehead])
    lab = cv2.cvtColor(face.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    half = PATCH * between / 2
    corners = np.rint([centres - half, centres + half]).astype(int).transpose(1, 0, 2)
    return np.concatenate([lab[top:bottom, left:right].reshape(-1, 3) for (left, top), (right, bottom) in corners])


def without_extremes(pixels: Lab) -> Lab:
    """The middle half by lightness: highlights and shadows, hair, a hat's brim or a frame are at the ends."""
    low, high = np.quantile(pixels[:, 0], [0.25, 0.75])
    return pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)]


if __name__ == "__main__":
    main()
