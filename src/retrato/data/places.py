"""Where eyes and mouth of training faces are, as files say it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import scalar

from retrato.data.stored_image import StoredImage
from retrato.errors import UnusableData
from retrato.losses.components import Component, Place, Places
from retrato.weights.files import UNREADABLE

NUMPY_NUMBERS: list[Any] = [
    (scalar, "numpy.core.multiarray.scalar"),
    (scalar, "numpy._core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
]
"""What the published file holds besides lists: numbers, as NumPy 1 and 2 spell them. Nothing else is unpickled."""

FFHQ_SIZE = 512
"""Width in pixels of the faces that the published file measures."""
FFHQ_NAMES = {Component.LEFT_EYE: "left_eye", Component.RIGHT_EYE: "right_eye", Component.MOUTH: "mouth"}
FFHQ_EYE_FACTOR = 1.4
"""By how much the published training enlarges the eyes' boxes."""


def read_places(notes: StoredImage) -> Places | None:
    """Of one face, from the JSON beside it: `{"components": {"left eye": [x, y, side], ...}}` in widths of the face.

    None where the notes do not say.

    Raises:
        UnusableData: they are no JSON, or the numbers are none.
    """
    try:
        components = json.loads(notes.read()).get("components")
        return components and {each: Place(*(float(number) for number in components[each])) for each in Component}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise UnusableData(f"{notes.name} in {notes.file} does not say where eyes and mouth are: {error}") from error


def read_ffhq_places(path: Path) -> Mapping[str, Places]:
    """Of FFHQ's faces, by name such as 00017, from the published `FFHQ_eye_mouth_landmarks_512.pth`.

    Raises:
        UnusableData: it is another file.
    """
    try:
        with torch.serialization.safe_globals(NUMPY_NUMBERS):
            found = torch.load(path, map_location="cpu", weights_only=True)
        places = {name: _ffhq_places(boxes) for name, boxes in found.items()}
    except UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnusableData(f"{path} is not the published file of FFHQ's eyes and mouths: {reason}") from error
    return {spelling: each for name, each in places.items() for spelling in {name, name.removeprefix("000")}}


def _ffhq_places(boxes: Mapping[str, Any]) -> Places:
    """From (x, y, half the side) in pixels."""
    places = {}
    for component, name in FFHQ_NAMES.items():
        x, y, half = (float(number) / FFHQ_SIZE for number in boxes[name])
        larger = 1.0 if component is Component.MOUTH else FFHQ_EYE_FACTOR
        places[component] = Place(x, y, 2 * half * larger)
    return places
