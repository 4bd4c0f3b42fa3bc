"""Which faces can be restored, and why the others cannot: a model paints a face into whatever it is given."""

import numpy as np

from retrato.errors import UnusableFace
from retrato.faces.face import Box, Face
from retrato.shapes import Landmarks

LEAST_EYE_DISTANCE = 5
"""Pixels of the photo between the eyes; a smaller face has nothing to restore (as published)."""


def require_plausible(face: Face) -> None:
    """Refuse what cannot be restored.

    Raises:
        UnusableFace: with the reason.
    """
    reason = why_implausible(face)
    if reason:
        raise UnusableFace(reason)


def why_implausible(face: Face) -> str | None:
    """Why the face cannot be set upright and restored; None where it can. How it is tilted makes no difference.

    Measured along the face's own axes: down from the eyes to the mouth, and across. A face turned so far to the side
    that one eye hides the other is refused, for no rotation sets it upright.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = face.landmarks
    down = (left_mouth + right_mouth - left_eye - right_eye) / 2
    height, eye_distance = float(np.hypot(*down)), float(np.hypot(*(right_eye - left_eye)))
    if not np.isfinite(face.landmarks).all() or height == 0:
        return "its eyes, nose and mouth were not told apart"
    if eye_distance < LEAST_EYE_DISTANCE and height < 2 * LEAST_EYE_DISTANCE:
        return f"too small: its eyes are {eye_distance:.1f} pixels apart, {LEAST_EYE_DISTANCE} are needed"
    axes = np.stack([[down[1], -down[0]], down]) / height**2
    across, along = axes @ (face.landmarks - (left_eye + right_eye) / 2).T  # in heights from eyes to mouth
    if abs(across[1] - across[0]) < 0.35 or eye_distance < LEAST_EYE_DISTANCE:  # frontal: 0.96
        return "turned too far to the side"
    is_face = (
        across[1] - across[0] <= 2.5
        and across[0] < across[1]
        and across[3] < across[4]
        and 0.05 <= along[2] <= 0.95  # frontal: 0.56
        and across[0] - 0.15 <= across[2] <= across[1] + 0.15
        and 0.15 <= eye_distance / np.sqrt(face.box.area) <= 0.9  # frontal: 0.4
        and lies_within(face.landmarks, face.box, 0.15)
    )
    return None if is_face else "its eyes, nose and mouth do not lie as a face's do"


def lies_within(landmarks: Landmarks, box: Box, margin: float) -> bool:
    """Whether all landmarks are in the box, made larger on each side by `margin` of its width and height."""
    room = margin * np.array([box.width, box.height])
    return bool(
        np.all(landmarks >= np.array([box.left, box.top]) - room)
        and np.all(landmarks <= np.array([box.right, box.bottom]) + room)
    )
