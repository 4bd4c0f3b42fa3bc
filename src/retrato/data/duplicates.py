"""Faces that are kept already: the same photo again, compressed, enlarged, cropped or brightened."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from retrato.faces.alignment import shift, then
from retrato.faces.face import FaceCrop

Hash = UInt8[np.ndarray, "32"]
"""256 bits."""
Hashes = UInt8[np.ndarray, "n 32"]

FREQUENCIES = 16
"""Across and down, of the cosine transform: one bit for each, whether it is above their median."""
WINDOW_SIZE = 54
"""Pixels across the part of a crop that is looked at, of which the whole crop would have 67: less background."""
PIXELS_ACROSS_CROP = 66.7
SCALES = (0.94, 0.97, 1.0, 1.03, 1.06)
DEGREES = (-4, -2, 0, 2, 4)
SHIFTS = (-2, -1, 0, 1, 2)
"""Pixels of the window, 1.5 % of the crop each."""

SAME_FACE = 34
"""Most bits of 256 by which copies differ, under the nudge that fits best.

Measured on 1,229 aligned faces and 1,193 copies of 120 of them: JPEG of quality 50, 0.5 to 1.6 times the size, 35 %
darker and 25 % brighter, gamma 0.6, grey, blurred, a border cut off, each found anew by the detector. 98 % of the
copies differ by at most 34 bits, and half of them by 20. Seven pairs of the 1,229 turned out to be copies, with 10 to
22 bits; of the 755,000 pairs of different faces none differs by less than 44.
"""
ALIKE = 92
"""Most bits by which faces may differ as they are, to be compared under nudges: 1 in 100 pairs of different faces."""


@dataclass(frozen=True, eq=False)
class Appearance:
    """What a face looks like, to be found again."""

    hash: Hash
    nudged: Hashes
    """Of the same crop turned, enlarged and moved a little, as another copy's landmarks might have it: they differ by
    some 2 % of the crop, which changes as many bits as another face."""


def appearance_of(crop: FaceCrop) -> Appearance:
    """The appearance of an aligned face."""
    grey = cv2.cvtColor(crop.image, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)
    room = 2 * max(SHIFTS)
    canvases = [_turned(grey, scale, degrees, WINDOW_SIZE + room) for scale, degrees in product(SCALES, DEGREES)]
    corners = [room // 2 + pixels for pixels in SHIFTS]
    windows = [
        canvas[row : row + WINDOW_SIZE, column : column + WINDOW_SIZE]
        for canvas, row, column in product(canvases, corners, corners)
    ]
    hashes = _hashes(np.stack(windows))
    return Appearance(hashes[len(hashes) // 2], hashes)


def _turned(grey: UInt8[np.ndarray, "h w"], scale: float, degrees: float, size: int) -> Float32[np.ndarray, "s s"]:
    """The middle of a crop, turned and enlarged about its centre."""
    width = len(grey)
    to_canvas = cv2.getRotationMatrix2D(((width - 1) / 2, (width - 1) / 2), degrees, scale * PIXELS_ACROSS_CROP / width)
    to_canvas = then(to_canvas, shift((size - width) / 2, (size - width) / 2))
    turned = cv2.warpAffine(grey, to_canvas, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.float32)


def _hashes(windows: Float32[np.ndarray, "n s s"]) -> Hashes:
    cosines = cv2.dct(np.eye(windows.shape[1], dtype=np.float32), flags=cv2.DCT_ROWS).T[:FREQUENCIES]
    strengths = (cosines @ windows @ cosines.T).reshape(len(windows), -1)
    medians = np.median(strengths[:, 1:], axis=1, keepdims=True)  # the first is the mean brightness
    return np.packbits(strengths > medians, axis=1)


class KnownFaces:
    """Faces by name, to be searched by appearance."""

    def __init__(self, most_bits: int = SAME_FACE) -> None:
        """`most_bits`: by how many of 256 two pictures of one face may differ."""
        self.most_bits = most_bits
        self._names: list[str] = []
        self._hashes = np.zeros((64, 32), np.uint8)  # more than there are names, so that adding one copies nothing

    def add(self, name: str, hash: Hash) -> None:
        """Remember a face."""
        if len(self._names) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[len(self._names)] = hash
        self._names.append(name)

    def find(self, appearance: Appearance) -> str | None:
        """The face so much alike that it must come from the same photo; of several, the first that was added."""
        known = self._hashes[: len(self._names)]
        alike = np.flatnonzero(_differing_bits(known, appearance.hash) <= ALIKE)
        for start in range(0, len(alike), 1024):
            some = alike[start : start + 1024]
            same = some[_least_differing_bits(known[some], appearance.nudged) <= self.most_bits]
            if same.size:
                return self._names[same[0]]
        return None


def bits_of(digits: str) -> Hash:
    """A hash that was written as hexadecimal digits."""
    return np.frombuffer(bytes.fromhex(digits), np.uint8)


_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
"""How many bits of a byte are set."""


def _differing_bits(hashes: Hashes, hash: Hash) -> UInt16[np.ndarray, " n"]:
    return np.asarray(_BITS[hashes ^ hash].sum(axis=1, dtype=np.uint16))


def _least_differing_bits(hashes: Hashes, nudged: UInt8[np.ndarray, "m 32"]) -> Float32[np.ndarray, " n"]:
    """Of each hash, from the nudge that is nearest to it: half the bits, less half of the product of their signs."""
    signs, nudged_signs = (2 * np.unpackbits(each, axis=1).astype(np.float32) - 1 for each in (hashes, nudged))
    return np.asarray((signs.shape[1] - (signs @ nudged_signs.T).max(axis=1)) / 2)
