"""Faces found with RetinaFace (Deng et al., 2020), as the published pipeline of GFP-GAN finds them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from retrato.faces.detector import keep_best, resized
from retrato.faces.face import Box, Face
from retrato.faces.plausible import LEAST_EYE_DISTANCE
from retrato.images.tensors import to_pictures
from retrato.networks.retinaface import RetinaFace
from retrato.shapes import Image
from retrato.weights.companions import load_retinaface

CPU = torch.device("cpu")


@dataclass(frozen=True)
class RetinaFaceDetectorConfig:
    """How RetinaFace looks; the values are the published ones."""

    longest_side: int | None = None
    """Pixels of the longer side at which a larger photo is looked at; None looks at every photo as it is.

    That takes memory for each pixel, and faces much wider than 512 px are overlooked."""
    least_score: float = 0.97
    """What a face's score, 0 to 1, has to exceed."""
    most_shared: float = 0.4
    """Part of their union that two faces may share."""


class RetinaFaceDetector:
    """Finds faces with RetinaFace; as published, every one counts whose eyes are far enough apart."""

    def __init__(self, network: RetinaFace, config: RetinaFaceDetectorConfig | None = None) -> None:
        self.network = network.eval()
        self.config = config or RetinaFaceDetectorConfig()

    @classmethod
    def from_weights(
        cls,
        name_or_file: str | Path = "retinaface-resnet50",
        device: torch.device = CPU,
        config: RetinaFaceDetectorConfig | None = None,
    ) -> "RetinaFaceDetector":
        """With published weights, on either trunk.

        Raises:
            UnknownWeights: neither a catalog name nor a file.
            UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
            UnusableWeights: the file is broken or holds something else.
        """
        return cls(load_retinaface(name_or_file).to(device), config)

    @torch.inference_mode()
    def __call__(self, image: Image) -> list[Face]:
        """Every face once, the largest first."""
        seen = resized(image, self._scale(image)) if self._scale(image) < 1 else image
        device = next(self.network.parameters()).device
        found = self.network(to_pictures([seen]).to(device))
        sure = found.scores[0] > self.config.least_score
        scores, boxes, landmarks = (
            each[0, sure].double().cpu().numpy() for each in (found.scores, found.boxes, found.landmarks)
        )
        kept = keep_best(boxes, scores, self.config.most_shared)
        # Landmarks are used as they come, as published: what half a pixel means is what the training data made of it.
        enlargement = np.array([image.shape[1] / seen.shape[1], image.shape[0] / seen.shape[0]])
        faces = [
            Face(
                Box(*map(float, boxes[each] * np.tile(enlargement, 2))),
                landmarks[each] * enlargement,
                scores[each].item(),
            )
            for each in kept
        ]
        return sorted(filter(has_eyes_apart, faces), key=lambda face: face.box.area, reverse=True)

    def _scale(self, image: Image) -> float:
        """From the photo to what is looked at."""
        longest = self.config.longest_side
        return 1.0 if longest is None else longest / max(image.shape[:2])


def has_eyes_apart(face: Face) -> bool:
    """Whether the eyes are far enough apart for a face to be restored."""
    left_eye, right_eye = face.landmarks[:2]
    return float(np.hypot(*(right_eye - left_eye))) >= LEAST_EYE_DISTANCE
