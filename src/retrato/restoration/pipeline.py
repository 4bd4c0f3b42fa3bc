"""What stands around the restorer: retrato's own detector and placement, or those of the published pipeline."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import torch

from retrato.errors import UnknownWeights
from retrato.faces.detector import FaceDetector
from retrato.faces.matching import GRAIN
from retrato.faces.mtcnn import MTCNNDetector
from retrato.faces.parser import FaceParser, ParseNetParser
from retrato.faces.placement import Placement, SeamlessPlacement
from retrato.faces.published import PublishedPlacement
from retrato.faces.retinaface import RetinaFaceDetector, RetinaFaceDetectorConfig
from retrato.faces.turning import TurningDetector

MTCNN = "mtcnn"
"""The name of the detector that comes with retrato."""
LONGEST_SIDE = 1024
"""Pixels at which our own pipeline looks at larger photos: bounds the memory, and RetinaFace overlooks huge faces."""


class FaceMask(StrEnum):
    """Which part of a restored face the published pipeline pastes."""

    PARSED = "parsed"
    """Skin, hair and what is between, as ParseNet tells them: GFPGAN's own choice."""
    SQUARE = "square"
    """All of the crop but its edge: facexlib's other choice, which needs no parser."""


@dataclass(frozen=True)
class RetratoPipeline:
    """Retrato's own: mirrored crops, the change alone is pasted, and grey faces stay grey."""

    detector: str | Path = MTCNN
    """`mtcnn`, which is bundled; a catalog name of RetinaFace; or a file of it."""
    grain: float = GRAIN
    """How much of the photo's grain stays in its faces, 0 to 1: as much as around them."""
    any_angle: bool = False
    """Whether leaning faces are looked for also where upright ones are found, which takes eight times as long."""


@dataclass(frozen=True)
class PublishedPipeline:
    """GFPGAN's, equal to the published code on the same weights, for results that compare."""

    detector: str | Path = "retinaface-resnet50"
    """A catalog name of RetinaFace, a file of it, or `mtcnn`."""
    mask: FaceMask = FaceMask.PARSED


Pipeline = RetratoPipeline | PublishedPipeline


def detector_of(pipeline: Pipeline, device: torch.device) -> FaceDetector:
    """What finds the faces.

    Raises:
        UnknownWeights: the detector is neither a known name nor a file.
        UnavailableWeights: its file is not here and cannot be fetched.
        UnusableWeights: the file is broken or holds something else.
    """
    match pipeline:
        case RetratoPipeline(detector=detector, any_angle=always):
            config = RetinaFaceDetectorConfig(longest_side=LONGEST_SIDE)
            return TurningDetector(_upright_detector(detector, device, config), always=always)
        case PublishedPipeline(detector=detector):
            return _upright_detector(detector, device, RetinaFaceDetectorConfig())
        case _:
            assert_never(pipeline)


def _upright_detector(name_or_file: str | Path, device: torch.device, config: RetinaFaceDetectorConfig) -> FaceDetector:
    if name_or_file == MTCNN:
        return MTCNNDetector.bundled(device)
    try:
        return RetinaFaceDetector.from_weights(name_or_file, device, config)
    except UnknownWeights as error:
        raise UnknownWeights(f"{error}; or the detector {MTCNN}, which is bundled") from None


def placement_of(pipeline: Pipeline, device: torch.device) -> Placement:
    """How the faces are cut out and put back.

    Raises:
        UnavailableWeights: the parser's file is not here and cannot be fetched.
        UnusableWeights: the file is broken.
    """
    match pipeline:
        case RetratoPipeline(grain=grain):
            return SeamlessPlacement(grain)
        case PublishedPipeline(mask=mask):
            parse_faces: FaceParser | None = None
            if mask is FaceMask.PARSED:
                parse_faces = ParseNetParser.from_weights(device=device)
            return PublishedPlacement(parse_faces)
        case _:
            assert_never(pipeline)
