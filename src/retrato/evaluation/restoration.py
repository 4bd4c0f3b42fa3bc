"""How well a restorer does on faces whose truth is known."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.data import random_state
from retrato.degradation import DegradationRanges, degrade, draw
from retrato.images.tensors import rounded
from retrato.metrics import psnr
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces


@dataclass(frozen=True)
class Scores:
    """How close faces are to their targets."""

    psnr: float
    """In decibels; higher is closer."""
    lpips: float
    """With SqueezeNet; lower looks more alike."""
    identity: float
    """Cosine between MobileFaceNet embeddings; higher is more the same person."""


@dataclass(frozen=True)
class EvaluatedFace:
    """One face, before and after."""

    name: str
    degraded: Scores
    restored: Scores


@dataclass(frozen=True)
class Judges:
    """The networks that measure."""

    perceptual: LPIPS
    recognition: MobileFaceNet

    @torch.no_grad()
    def __call__(self, faces: Faces, targets: Faces) -> list[Scores]:
        """Scores of each face."""
        same = torch.einsum("ne,ne->n", self.recognition(faces), self.recognition(targets))
        columns = psnr(faces, targets), self.perceptual(faces, targets), same
        return [Scores(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]


def evaluate_restoration(
    restorer: FaceRestorer,
    faces: Iterable[tuple[str, Float[Tensor, "3 s s"]]],
    ranges: DegradationRanges,
    judges: Judges,
    seed: int = 0,
) -> Iterator[EvaluatedFace]:
    """Degrade each face, restore it, and compare both with the face.

    Args:
        restorer: what is measured.
        faces: names and good faces of the restorer's size, in [-1, 1].
        ranges: how faces go bad.
        judges: what measures.
        seed: of the degradation; a face's own draw hangs on its place in `faces` alone.
    """
    for index, (name, face) in enumerate(faces):
        rng = random_state(seed, index, "degrade")
        degraded, target = degrade(face[None], draw(rng, 1, ranges))
        restored = rounded(restorer(degraded))
        yield EvaluatedFace(name, judges(degraded, target)[0], judges(restored, target)[0])


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """The mean of each score."""
    return Scores(
        psnr=statistics.fmean(each.psnr for each in scores),
        lpips=statistics.fmean(each.lpips for each in scores),
        identity=statistics.fmean(each.identity for each in scores),
    )
