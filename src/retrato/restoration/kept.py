"""What of a photo stays as it is, though it is part of a face: glasses, jewellery, a mole, a scar."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from retrato.errors import UnusableRegion
from retrato.faces.alignment import warped
from retrato.faces.face import Box, FaceCrop
from retrato.images.files import read_image
from retrato.images.photo import Photo

EDGE = 0.02
"""Width of the soft edge around what is kept, in widths of the face's crop."""
LIGHT_FROM = 128
"""Level from which on a mask means: keep."""


@dataclass(frozen=True, eq=False)
class Kept:
    """Regions of a photo."""

    boxes: tuple[Box, ...] = ()
    """In pixels of the photo."""
    mask: Bool[np.ndarray, "h w"] | None = None
    """As large as the photo; true where it stays."""

    @classmethod
    def from_names(cls, regions: Sequence[Box | Path]) -> "Kept":
        """Of boxes, and of files with pictures as large as the photo, which are light where it stays.

        Raises:
            UnreadableImage: a file is no picture.
            UnusableRegion: two are of different sizes.
        """
        masks = [read_image(each).image.mean(axis=2) >= LIGHT_FROM for each in regions if isinstance(each, Path)]
        if len({each.shape for each in masks}) > 1:
            raise UnusableRegion(
                "the masks of what is to be kept are of different sizes: make them as large as the photo"
            )
        boxes = tuple(each for each in regions if isinstance(each, Box))
        return cls(boxes, np.logical_or.reduce(masks) if masks else None)

    def require_fitting(self, photo: Photo) -> None:
        """Refuse what does not belong to a photo.

        Raises:
            UnusableRegion: with the reason.
        """
        if self.mask is not None and self.mask.shape != (photo.height, photo.width):
            height, width = self.mask.shape
            raise UnusableRegion(
                f"the mask of what is to be kept is {width}x{height}, the photo {photo.width}x{photo.height}: make it "
                "as large as the photo"
            )
        for box in self.boxes:
            if box.width <= 0 or box.height <= 0 or box.left >= photo.width or box.top >= photo.height:
                raise UnusableRegion(
                    f"nothing of the photo, which is {photo.width}x{photo.height}, lies in the box {box.left:g},"
                    f"{box.top:g},{box.right:g},{box.bottom:g}: give left, top, right and bottom in pixels"
                )

    def turned(self, quarters: int, width: int, height: int) -> "Kept":
        """The same regions of the photo turned by so many times 90 degrees against the clock.

        Args:
            quarters: how often.
            width: of the photo before.
            height: likewise.
        """
        mask = None if self.mask is None else np.rot90(self.mask, quarters)
        boxes = self.boxes
        for _ in range(quarters % 4):
            boxes = tuple(Box(each.top, width - each.right, each.bottom, width - each.left) for each in boxes)
            width, height = height, width
        return Kept(boxes, mask)

    def in_crop(self, crop: FaceCrop, photo: Photo) -> Float32[np.ndarray, "s s"]:
        """1 where a face's crop stays as it is, 0 where it does not, with a soft edge around."""
        size = len(crop.image)
        regions = np.zeros((photo.height, photo.width), np.uint8)
        if self.mask is not None:
            regions[self.mask] = 255
        for box in self.boxes:
            rows = slice(max(0, round(box.top)), max(0, round(box.bottom)))
            regions[rows, max(0, round(box.left)) : max(0, round(box.right))] = 255
        inside = warped(regions, crop.photo_to_crop, size, size, cv2.BORDER_CONSTANT)
        width = max(1, round(EDGE * size))
        grown = cv2.dilate((inside > 0).astype(np.float32), np.ones((2 * width + 1, 2 * width + 1), np.uint8))
        return np.asarray(cv2.blur(grown, (width, width)), np.float32)
