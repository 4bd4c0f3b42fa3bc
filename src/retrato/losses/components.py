"""Eyes and mouth of aligned faces, which GFP-GAN judges by themselves (Wang et al., 2021, section 3.4)."""

from dataclasses import dataclass
from enum import StrEnum

from retrato.shapes import Faces, Pictures


class Component(StrEnum):
    """A part of the face that people look at first."""

    LEFT_EYE = "left eye"
    RIGHT_EYE = "right eye"
    MOUTH = "mouth"


@dataclass(frozen=True)
class Place:
    """A square in an aligned face, in widths of the face."""

    x: float
    y: float
    side: float


PLACES = {
    Component.LEFT_EYE: Place(0.3769, 0.4686, 0.17),
    Component.RIGHT_EYE: Place(0.6229, 0.4691, 0.17),
    Component.MOUTH: Place(0.5023, 0.7252, 0.25),
}
"""Centres from the FFHQ template; sides as the published boxes are on average."""

STEP = 4
"""The side of a component in pixels is a multiple of this, as its discriminator halves it twice."""


def cut_component(faces: Faces, component: Component) -> Pictures:
    """That component of each face, a plain slice: its gradient goes back to the face."""
    size, place = faces.shape[-1], PLACES[component]
    side = STEP * round(place.side * size / STEP)
    left, top = round(place.x * size - side / 2), round(place.y * size - side / 2)
    return faces[:, :, top : top + side, left : left + side]
