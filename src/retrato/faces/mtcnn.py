"""Faces found with MTCNN (Zhang et al., 2016), whose weights come with retrato."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from torch import Tensor

from retrato.faces.detector import Boxes, Kept, Scores, keep_best, resized, resized_to
from retrato.faces.face import Box, Face
from retrato.images.resizing import Resized
from retrato.images.tensors import from_levels
from retrato.networks.mtcnn import MTCNN, OUTPUT_SIZE, REFINEMENT_SIZE, WINDOW_SIZE, WINDOW_STEP
from retrato.shapes import Image, Pictures
from retrato.weights.bundle import BUNDLED_FOLDER

CPU = torch.device("cpu")


@dataclass(frozen=True)
class MTCNNConfig:
    """How closely MTCNN looks."""

    longest_side: int = 1024
    """Pixels of the longer side at which a larger photo is looked at."""
    shortest_side: int = 240
    """Pixels to which the shorter side of a smaller picture is enlarged, as far as the longer side allows."""
    smallest_face: int = 20
    """Width in pixels of the smallest face to look for, in the photo as it is looked at."""
    scale_step: float = 0.8
    """From one scale of the photo to the next smaller one."""
    proposal_score: float = 0.5
    """Least score, 0 to 1, that the first network has to give."""
    refinement_score: float = 0.6
    """Least score that the second network has to give."""
    output_score: float = 0.7
    """Least score that the third network has to give."""
    batch_size: int = 256
    """How many candidates the second and third network judge at a time; bounds the memory."""


class MTCNNDetector:
    """Finds faces with MTCNN (Zhang et al., 2016)."""

    def __init__(self, network: MTCNN, config: MTCNNConfig | None = None) -> None:
        self.network = network.eval()
        self.config = config or MTCNNConfig()

    @classmethod
    def bundled(cls, device: torch.device = CPU, config: MTCNNConfig | None = None) -> "MTCNNDetector":
        """With the weights that come with retrato."""
        network = MTCNN()
        network.load_state_dict(load_file(BUNDLED_FOLDER / "mtcnn.safetensors"))
        return cls(network.to(device), config)

    @torch.inference_mode()
    def __call__(self, image: Image) -> list[Face]:
        """Every face once, the largest first."""
        seen = resized(image, self._scale(image))
        boxes, scores, landmarks = self._decide(seen, self._refine(seen, self._propose(seen)))
        enlargement = np.array([image.shape[1] / seen.shape[1], image.shape[0] / seen.shape[0]])
        boxes, landmarks = boxes * np.tile(enlargement, 2), landmarks * enlargement - 0.5  # centres count from 0
        faces = [
            Face(Box(*map(float, box)), points, float(score))
            for box, points, score in zip(boxes, landmarks, scores, strict=True)
        ]
        return sorted(faces, key=lambda face: face.box.area, reverse=True)

    def _scale(self, image: Image) -> float:
        """From the photo to what is looked at."""
        shorter, longer = sorted(image.shape[:2])
        return float(min(self.config.longest_side / longer, max(1.0, self.config.shortest_side / shorter)))

    def _propose(self, seen: Image) -> Boxes:
        """Squares that the first network takes for a face."""
        proposals = [self._propose_at(seen, scale) for scale in self._scales(seen)]
        if not proposals:
            return np.empty((0, 4))
        boxes, scores = (np.concatenate(parts) for parts in zip(*proposals, strict=True))
        return squares(boxes[keep_best(boxes, scores, 0.7)])

    def _scales(self, seen: Image) -> Iterator[float]:
        """Every scale at which a face fills a window."""
        scale = WINDOW_SIZE / self.config.smallest_face
        while scale * min(seen.shape[:2]) >= WINDOW_SIZE:
            yield scale
            scale *= self.config.scale_step

    def _propose_at(self, seen: Image, scale: float) -> tuple[Boxes, Scores]:
        """Faces of one size."""
        picture = resized(seen, scale)
        probabilities, offsets = self.network.proposal(self._to_pictures(picture[None]))
        rows, columns = torch.nonzero(probabilities[0] >= self.config.proposal_score, as_tuple=True)
        scores = probabilities[0, rows, columns].double().cpu().numpy()
        corners = WINDOW_STEP * torch.stack([columns, rows], 1).double().cpu().numpy()
        windows = np.concatenate([corners, corners + WINDOW_SIZE], 1)
        boxes = moved(windows, offsets[0, :, rows, columns].T)
        kept = keep_best(boxes, scores, 0.5)
        size = np.array([seen.shape[1] / picture.shape[1], seen.shape[0] / picture.shape[0]])
        return boxes[kept] * np.tile(size, 2), scores[kept]

    def _refine(self, seen: Image, candidates: Boxes) -> Kept:
        """Squares that the second network takes for a face too."""
        windows = whole_pixels(candidates)
        parts = [self.network.refinement(pictures) for pictures in self._cut(seen, windows, REFINEMENT_SIZE)]
        if not parts:
            return candidates
        probabilities, offsets = (torch.cat(part) for part in zip(*parts, strict=True))
        scores = probabilities.double().cpu().numpy()
        sure = scores >= self.config.refinement_score
        boxes = moved(windows, offsets)[sure]
        return squares(boxes[keep_best(boxes, scores[sure], 0.7)])

    def _decide(
        self, seen: Image, candidates: Boxes
    ) -> tuple[Kept, Float[np.ndarray, " kept"], Float[np.ndarray, "kept 5 2"]]:
        """Faces that the third network finds, and their landmarks, counted from the picture's upper left corner."""
        windows = whole_pixels(candidates)
        parts = [self.network.output(pictures) for pictures in self._cut(seen, windows, OUTPUT_SIZE)]
        if not parts:
            return candidates, np.empty(0), np.empty((0, 5, 2))
        probabilities, offsets, points = (torch.cat(part) for part in zip(*parts, strict=True))
        scores = probabilities.double().cpu().numpy()
        sure = scores >= self.config.output_score
        boxes = moved(windows, offsets)[sure]
        corners, sizes = windows[sure, None, :2], (windows[:, 2:] - windows[:, :2])[sure, None]  # (N, 1, 2)
        landmarks = corners + sizes * points.double().cpu().numpy()[sure]
        kept = keep_best(boxes, scores[sure], 0.7, of_smaller=True)
        return boxes[kept], scores[sure][kept], landmarks[kept]

    def _cut(self, seen: Image, windows: Boxes, size: int) -> Iterator[Pictures]:
        """What is in the windows, a batch at a time."""
        for first in range(0, len(windows), self.config.batch_size):
            batch = windows[first : first + self.config.batch_size]
            yield self._to_pictures(np.stack([cut_window(seen, window, size) for window in batch]))

    def _to_pictures(self, images: UInt8[np.ndarray, "n h w 3"]) -> Pictures:
        device = next(self.network.parameters()).device
        return from_levels(torch.from_numpy(images).to(device).permute(0, 3, 1, 2))


def moved(windows: Boxes, offsets: Float[Tensor, "n 4"]) -> Boxes:
    """The boxes that a network sees in the windows."""
    sizes = windows[:, 2:] - windows[:, :2]
    return np.asarray(windows + offsets.double().cpu().numpy() * np.tile(sizes, 2))


def squares(boxes: Boxes) -> Boxes:
    """Each box made square around its centre."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    reach = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.concatenate([centres - reach, centres + reach], axis=1)


def whole_pixels(boxes: Boxes) -> Boxes:
    """Boxes that begin and end between pixels and are at least one pixel large."""
    corners = np.rint(boxes[:, :2])
    return np.concatenate([corners, np.maximum(np.rint(boxes[:, 2:]), corners + 1)], axis=1)


def cut_window(image: Image, window: Float[np.ndarray, "4"], size: int) -> Resized:
    """What is in a window, at `size` px; grey beyond the picture.

    Of 250 old portraits cut off at one side, MTCNN finds 231 on grey, 219 where the border pixels go on, 213 on black.
    """
    left, top, right, bottom = window.astype(int)
    inside = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    canvas = np.full((bottom - top, right - left, 3), 128, np.uint8)
    row, column = max(-top, 0), max(-left, 0)
    canvas[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return resized_to(canvas, size, size)
