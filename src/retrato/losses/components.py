"""Eyes and mouth of aligned faces, which GFP-GAN judges by themselves (Wang et al., 2021, section 3.4)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.shapes import Faces, Landmarks, PerPicture, Pictures


class Component(StrEnum):
    """A part of the face that people look at first."""

    LEFT_EYE = "left eye"
    RIGHT_EYE = "right eye"
    MOUTH = "mouth"


@dataclass(frozen=True)
class Place:
    """A square in an aligned face, in widths of the face."""

    x: float
    """Of its centre; 0 is the picture's left edge."""
    y: float
    """Of its centre; 0 is the picture's upper edge."""
    side: float

    def __post_init__(self) -> None:
        """Refuse what lies nowhere near a face: sampled there, it would end in memory that is not a picture's."""
        if not (-1 <= self.x <= 2 and -1 <= self.y <= 2 and 0 < self.side <= 2):
            raise ValueError(f"no square in or near a face: {self.x}, {self.y}, side {self.side} (in its widths)")


Places = Mapping[Component, Place]
"""Where the components of one face are."""
PlacesOfFaces = Float[Tensor, "n 3 3"]
"""(x, y, side) of each component, in the order of `Component`, for each face of a batch."""

TEMPLATE_PLACES: Places = {
    Component.LEFT_EYE: Place(0.3769, 0.4686, 0.17),
    Component.RIGHT_EYE: Place(0.6229, 0.4691, 0.17),
    Component.MOUTH: Place(0.5023, 0.7252, 0.25),
}
"""Centres from the FFHQ template; sides as the published boxes are on average."""

EYE_SIDE = 0.69
"""In distances between the eyes: 0.17 of the width of a template face."""
EYE_LIMITS = (0.12, 0.22)
MOUTH_SIDE = 1.15
"""In widths of the mouth, corner to corner: 0.25 of the width of a template face."""
MOUTH_LIMITS = (0.2, 0.35)

CUT_SIZES = {Component.LEFT_EYE: 80 / 512, Component.RIGHT_EYE: 80 / 512, Component.MOUTH: 120 / 512}
"""Width of a cut component in widths of the face, as published."""
STEP = 4
"""Its width in pixels is a multiple of this, as its discriminator halves it twice."""


def places_from_landmarks(landmarks: Landmarks) -> dict[Component, Place]:
    """Where the components of an aligned face are, by its landmarks in widths of the face."""
    left_eye, right_eye, _, left_mouth, right_mouth = landmarks
    eye_side = float(np.clip(EYE_SIDE * np.hypot(*(right_eye - left_eye)), *EYE_LIMITS))
    mouth_side = float(np.clip(MOUTH_SIDE * np.hypot(*(right_mouth - left_mouth)), *MOUTH_LIMITS))
    mouth = (left_mouth + right_mouth) / 2
    return {
        Component.LEFT_EYE: Place(float(left_eye[0]), float(left_eye[1]), eye_side),
        Component.RIGHT_EYE: Place(float(right_eye[0]), float(right_eye[1]), eye_side),
        Component.MOUTH: Place(float(mouth[0]), float(mouth[1]), mouth_side),
    }


def as_tensor(places: Places) -> Float[Tensor, "3 3"]:
    """(x, y, side) of each component, in the order of `Component`."""
    return torch.tensor([[places[each].x, places[each].y, places[each].side] for each in Component])


def mirrored(places: PlacesOfFaces) -> PlacesOfFaces:
    """Of faces whose left and right are exchanged: the eyes change their names."""
    swapped = places[:, [1, 0, 2]]
    return torch.cat([1 - swapped[..., :1], swapped[..., 1:]], -1)


def cut_component(faces: Faces, component: Component, places: PlacesOfFaces) -> Pictures:
    """That component of each face, at one size for all; its gradient goes back to the face.

    As RoIAlign does (He et al., 2017), a component that is larger than its cut is averaged rather than skipped through.
    """
    size = faces.shape[-1]
    side = STEP * math.ceil(CUT_SIZES[component] * size / STEP)
    x, y, width = places[:, list(Component).index(component)].to(faces.device).unbind(1)
    centres = torch.stack([x, y], 1)
    averaged = F.avg_pool2d(_sampled(faces, centres, width, 2 * side), 2)
    return torch.where((width * size > side)[:, None, None, None], averaged, _sampled(faces, centres, width, side))


def _sampled(faces: Faces, centres: Float[Tensor, "n 2"], width: PerPicture, side: int) -> Pictures:
    """Each face at side x side places of a square."""
    steps = (torch.arange(side, device=faces.device) + 0.5) / side - 0.5  # in widths of the square
    columns, rows = (centres[:, axis, None] + steps * width[:, None] for axis in range(2))  # (N, P), 0 to 1
    grid = torch.stack([columns[:, None, :].expand(-1, side, -1), rows[:, :, None].expand(-1, -1, side)], -1)
    return F.grid_sample(faces.float(), 2 * grid - 1, padding_mode="border", align_corners=False)
