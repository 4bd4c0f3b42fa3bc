"""Faces at any angle: detectors know upright ones, so they are shown the picture turned."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from retrato.faces.alignment import mapped
from retrato.faces.detector import FaceDetector, keep_best, resized
from retrato.faces.face import Box, Face
from retrato.images.resizing import Resized
from retrato.shapes import Affine, Image

ANGLES = (180, 90, 270, 45, 135, 225, 315)
"""Degrees by which pictures are turned. Detectors find faces that lean by some 30 degrees to either side."""
LEAST_SCORE = 0.99
"""How sure a detector has to be in a turned picture: all angles together find eight times as much that is no face."""
LEAST_BESIDE = 0.9
"""The same beside a face of which it is as sure: photos lie on their side as a whole."""
AROUND = 1.0
"""How much is shown around a doubtful face, in its own widths on each side."""
LONGEST_SIDE = 1024
"""Pixels of the longer side of what is turned."""
MOST_SHARED = 0.3
"""Part of the smaller of two boxes that they may share and yet be two faces."""


class TurningDetector:
    """Looks at a photo turned as well: where it is sure of no upright face, around those it doubts, or always."""

    def __init__(self, find_faces: FaceDetector, *, always: bool = False) -> None:
        """Choose when.

        Args:
            find_faces: knows upright faces.
            always: whether it looks for others also where it is sure of all that it has found.
        """
        self.find_faces = find_faces
        self.always = always

    def __call__(self, image: Image) -> list[Face]:
        """Every face once, the largest first."""
        upright = self.find_faces(image)
        doubtful = [each for each in upright if each.score < LEAST_SCORE]
        if self.always or len(doubtful) == len(upright):
            return without_doubles([*upright, *self._turned(image)])
        return without_doubles([*upright, *(seen for each in doubtful for seen in self._turned_around(image, each))])

    def _turned_around(self, image: Image, face: Face) -> Iterator[Face]:
        """What turned pictures show around a face of which the detector is not sure: a leaning one may look like it."""
        room = AROUND * max(face.box.width, face.box.height)
        left, top = max(0, int(face.box.left - room)), max(0, int(face.box.top - room))
        around = image[top : int(face.box.bottom + room) + 1, left : int(face.box.right + room) + 1]
        for seen in self._turned(np.ascontiguousarray(around)):
            box = Box(seen.box.left + left, seen.box.top + top, seen.box.right + left, seen.box.bottom + top)
            yield Face(box, seen.landmarks + np.array([left, top]), seen.score)

    def _turned(self, image: Image) -> Iterator[Face]:
        small = resized(image, min(1.0, LONGEST_SIDE / max(image.shape[:2])))
        scale = image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]
        for angle in ANGLES:
            turned, to_small = turned_by(small, angle)
            found = self.find_faces(turned)
            least = LEAST_BESIDE if any(each.score >= LEAST_SCORE for each in found) else LEAST_SCORE
            for face in found:
                if face.score >= least:
                    points = (mapped(face.landmarks, to_small) + 0.5) * scale - 0.5
                    yield Face(_mapped_box(face.box, to_small, scale), points, face.score)


def without_doubles(faces: Sequence[Face]) -> list[Face]:
    """Each face once, as it was seen best; the largest first."""
    if not faces:
        return []
    boxes = np.array([(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in faces])
    kept = keep_best(boxes, np.array([each.score for each in faces]), MOST_SHARED, of_smaller=True)
    return sorted((faces[place] for place in kept), key=lambda face: face.box.area, reverse=True)


def turned_by(image: Image, degrees: float) -> tuple[Resized, Affine]:
    """The whole picture turned against the clock, on black, and the way back to it."""
    height, width = image.shape[:2]
    middle = (width - 1) / 2, (height - 1) / 2
    turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    new_width, new_height = round(width * cosine + height * sine), round(width * sine + height * cosine)
    turn[:, 2] += (new_width - 1) / 2 - middle[0], (new_height - 1) / 2 - middle[1]
    turned = cv2.warpAffine(image, turn, (new_width, new_height), flags=cv2.INTER_LINEAR)
    return np.asarray(turned), cv2.invertAffineTransform(turn)


def quarter_turns(faces: Sequence[Face]) -> int:
    """How often a photo has to be turned by 90 degrees against the clock for most of its faces to be upright.

    Larger faces count more.
    """
    weights = np.zeros(4)
    for face in faces:
        left_eye, right_eye, _, left_mouth, right_mouth = face.landmarks
        x, y = (left_mouth + right_mouth) - (left_eye + right_eye)  # down the face; down in the photo where upright
        weights[round(np.degrees(np.arctan2(x, y)) / 90) % 4] += face.box.area
    # A face whose chin points to the right lies on its side: a quarter turn with the clock sets it upright.
    return int(-np.argmax(weights) % 4) if len(faces) else 0


def _mapped_box(box: Box, affine: Affine, scale: tuple[float, float]) -> Box:
    """A square of the same middle and side, for a turned box would take more room than its face."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    half = max(box.width, box.height) / 2
    centre = mapped(np.array([[x - 0.5, y - 0.5]]), affine)[0] + 0.5
    left, top = (centre - half) * scale
    right, bottom = (centre + half) * scale
    return Box(float(left), float(top), float(right), float(bottom))
