from dataclasses import replace

import numpy as np
import pytest

from retrato.faces.face import Box, Face
from retrato.faces.plausible import why_implausible

FRONTAL = np.array([(93.0, 117.0), (156.0, 117.0), (125.0, 155.0), (98.0, 183.0), (153.0, 183.0)])
"""Landmarks of a face in a box from (60, 40) to (190, 220)."""


def face(landmarks: np.ndarray = FRONTAL, box: Box = Box(60.0, 40.0, 190.0, 220.0)) -> Face:  # noqa: B008
    return Face(box, landmarks, 1.0)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle, centre = np.deg2rad(degrees), points.mean(axis=0)
    return (points - centre) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + centre


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -100])
def test_a_tilted_face_is_plausible(degrees):
    box = Box(50.0, 60.0, 200.0, 240.0) if degrees in (0, 180) else Box(35.0, 60.0, 215.0, 240.0)
    assert not why_implausible(face(turned(FRONTAL, degrees), box))


def test_a_face_turned_halfway_to_the_side_is_plausible():
    landmarks = FRONTAL.copy()
    landmarks[:, 0] = (110, 152, 155, 112, 150)
    assert not why_implausible(face(landmarks))


@pytest.mark.parametrize(
    ("landmarks", "why"),
    [
        (FRONTAL[[1, 0, 2, 4, 3]], "eyes and mouth are mirrored"),
        (FRONTAL[[0, 1, 2, 4, 3]], "the mouth is mirrored"),
        (FRONTAL + np.array([(0, 0), (0, 0), (0, 40), (0, 0), (0, 0)]), "the nose is below the mouth"),
        (FRONTAL - np.array([(0, 0), (0, 0), (0, 40), (0, 0), (0, 0)]), "the nose is above the eyes"),
        (FRONTAL + np.array([(0, 0), (0, 0), (60, 0), (0, 0), (0, 0)]), "the nose is beside the eyes"),
        (FRONTAL * (0.2, 1) + (100, 0), "the face is in profile"),
        (FRONTAL - (-90, 0), "the landmarks are outside the box"),
        (np.full((5, 2), 120.0), "all landmarks are in one place"),
        (np.full((5, 2), np.nan), "the landmarks are no numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_landmarks_are_implausible_where(landmarks, why):
    assert why_implausible(face(landmarks))


@pytest.mark.parametrize(
    ("landmarks", "reason"),
    [
        (FRONTAL / 13, "too small: its eyes are 4.8 pixels apart"),
        (FRONTAL * (0.2, 1) + (100, 0), "turned too far to the side"),
        (FRONTAL[[0, 1, 2, 4, 3]], "do not lie as a face's do"),
        (np.full((5, 2), 120.0), "not told apart"),
    ],
)
def test_the_reason_says(landmarks, reason):
    assert reason in why_implausible(face(landmarks))


def test_eyes_less_than_five_pixels_apart_are_too_close():
    assert not why_implausible(face(FRONTAL / 10, Box(6.0, 4.0, 19.0, 22.0)))
    assert why_implausible(face(FRONTAL / 13, Box(60 / 13, 40 / 13, 190 / 13, 220 / 13)))


def test_eyes_far_too_close_for_the_box_are_implausible():
    assert why_implausible(replace(face(), box=Box(0.0, 0.0, 600.0, 600.0)))
