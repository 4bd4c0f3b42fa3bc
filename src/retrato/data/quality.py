"""How good a face that was cut out is to learn from, in numbers that a person can check."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from jaxtyping import Float32

from retrato.faces.alignment import FFHQ_LANDMARKS, mapped, scale_of
from retrato.faces.face import Face, FaceCrop
from retrato.metrics.sharpness import FINE_TO_COARSE, MIDDLE, NORMAL_SPREAD, SHARPNESS_SIZE
from retrato.shapes import Image, Landmarks

LEAST_SHARPNESS_SIZE = 64


class Flaw(StrEnum):
    """Why a face is not kept."""

    UNSURE = "unsure"
    CROOKED = "crooked"
    TOO_SMALL = "too small"
    CUT_OFF = "cut off"
    TURNED = "turned away"
    BLURRED = "blurred"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Quality:
    """What was measured on one face."""

    score: float
    """How sure the detector is, 0 to 1."""
    scale: float
    """Pixels of the photo for each pixel of the crop, in length; below 1 the crop is enlarged."""
    outside: float
    """Share of the crop that lies outside the photo, and is mirrored."""
    turn: float
    """See `turn_of`."""
    sharpness: float
    """See `sharpness_of`."""


@dataclass(frozen=True)
class Demands:
    """What a face must reach to be kept.

    The numbers were chosen by looking at 1,229 aligned faces, 250 of them from photographs of 1850 to 1950.
    """

    least_score: float = 0.9
    """Below it were halftones, engravings, and what is no face; all but one of 980 newer faces have 0.93 or more."""
    least_scale: float = 0.5
    """With half a pixel of the photo for each pixel of the crop, a crop of 512 px has 256 of its own across."""
    most_outside: float = 0.2
    """Above it, mirrored hair and shoulders are among the first things that one sees; 2 % of the faces."""
    most_turn: float = 0.35
    """Where the farther cheek begins to go, or one looks at a chin from below; 1.5 % of the faces."""
    least_sharpness: float = 0.33
    """All of 80 sharp crops of 512 px have more, also with half the pixels; 96 in 100 blurred by 2 px have less."""


def measure(image: Image, face: Face, crop: FaceCrop) -> Quality:
    """All that `Demands` asks for, of a face in a photo and its crop."""
    return Quality(
        score=face.score,
        scale=1 / scale_of(crop.photo_to_crop),
        outside=share_outside(image, crop),
        turn=turn_of(face.landmarks),
        sharpness=sharpness_of(crop),
    )


def find_flaw(quality: Quality, demands: Demands, size: int) -> tuple[Flaw, str] | None:
    """The first demand that a face does not meet, and what was found in words; None where it meets them all.

    Args:
        quality: of the face.
        demands: what it must reach.
        size: of the crop, in pixels.
    """
    if quality.score < demands.least_score:
        return Flaw.UNSURE, f"the detector gives it {quality.score:.2f}; at least {demands.least_score:g} is asked"
    if quality.scale < demands.least_scale:
        found, asked = (f"{size * scale:.0f}" for scale in (quality.scale, demands.least_scale))
        return Flaw.TOO_SMALL, f"the photo has {found} pixels across its crop; at least {asked} are asked"
    if quality.outside > demands.most_outside:
        asked = f"at most {demands.most_outside:.0%} is asked"
        return Flaw.CUT_OFF, f"{quality.outside:.0%} of its crop is outside the photo; {asked}"
    if quality.turn > demands.most_turn:
        asked = f"at most {demands.most_turn:g} is asked"
        return Flaw.TURNED, f"its nose is {quality.turn:.2f} eye distances off the middle; {asked}"
    if quality.sharpness < demands.least_sharpness:
        return Flaw.BLURRED, f"its sharpness is {quality.sharpness:.3f}; at least {demands.least_sharpness:g} is asked"
    return None


def share_outside(image: Image, crop: FaceCrop) -> float:
    """Which part, 0 to 1, of a crop lies outside the photo."""
    height, width = image.shape[:2]
    size = len(crop.image)
    edges = np.array([(0, 0), (size, 0), (size, size), (0, size)]) - 0.5
    corners = mapped(edges, cv2.invertAffineTransform(crop.photo_to_crop)) + 0.5
    photo = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    inside, _ = cv2.intersectConvexConvex(corners.astype(np.float32), photo)
    return float(np.clip(1 - inside * scale_of(crop.photo_to_crop) ** 2 / size**2, 0, 1))


def turn_of(landmarks: Landmarks) -> float:
    """How far the nose is from where it is in a face seen from the front, in distances between the eyes.

    The nose stands out: it moves aside, up or down over the face as the head turns, and is nearer to one eye in a
    half profile. From about 0.35 on, a head is turned by some 30 degrees; how it is tilted makes no difference.
    """
    left_eye, right_eye, nose, left_mouth, right_mouth = landmarks
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    expected = eyes + _nose_height() * (mouth - eyes)
    return float(np.hypot(*(nose - expected)) / np.hypot(*(right_eye - left_eye)))


def _nose_height() -> float:
    """Of a face seen from the front, from 0 at the eyes to 1 at the mouth."""
    heights = FFHQ_LANDMARKS[:, 1]
    eyes, mouth = heights[:2].mean(), heights[3:].mean()
    return float((heights[2] - eyes) / (mouth - eyes))


def sharpness_of(crop: FaceCrop) -> float:
    """How much fine structure the face has for its coarse structure: about 0.6 if it is sharp; contrast cancels out.

    The spread of the Laplacian at `SHARPNESS_SIZE`, over that at half the size. Grain would pass for
    sharpness: as it is everywhere and edges are rare, its share is known by the median and taken off.

    Of 80 sharp crops of 512 px, nine tenths have 0.46 to 0.80, and the least has 0.37. Blurred by a Gaussian of 1 px
    they have 0.36 to 0.49 (nine tenths again), of 2 px 0.25 to 0.33, of 3 px 0.19 to 0.27, of 4 px 0.15 to 0.24; with
    noise of 4 to 8 levels upon the blur less, and with JPEG of quality 60 no more than 0.03 above. With half the
    contrast, or half the pixels, none of the sharp ones falls below 0.345. The plain ratio of two octaves takes a noisy
    blur for sharp, and the variance of the Laplacian alone differs sevenfold among nine tenths of the sharp ones.
    """
    size = len(crop.image)
    own_pixels = size * min(1.0, 1 / scale_of(crop.photo_to_crop))
    side = round(np.clip(own_pixels, LEAST_SHARPNESS_SIZE, SHARPNESS_SIZE))
    fine, coarse = (_laplacian(crop.image, each) for each in (side, side // FINE_TO_COARSE))
    grain = (NORMAL_SPREAD * float(np.median(np.abs(fine)))) ** 2
    structure = float(coarse.var())
    return float(np.sqrt(max(float(fine.var()) - grain, 0.0) / structure)) if structure else 0.0


def _laplacian(image: Image, size: int) -> Float32[np.ndarray, "rows columns"]:
    """Of the face's middle, in grey, at that size."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    laplacian = cv2.Laplacian(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA), cv2.CV_32F)
    rows, columns = (slice(int(part.start * size), int(part.stop * size)) for part in MIDDLE)
    return np.asarray(laplacian[rows, columns])
