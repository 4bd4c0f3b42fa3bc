"""Networks that tell how far a restored face is from its target: each gives named, unweighted losses."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import torch

from retrato.losses import embedding_loss, identity_loss, perceptual_loss, style_loss
from retrato.losses.perceptual import LAYER_WEIGHTS
from retrato.networks.arcface import ArcFace
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.networks.vgg import VGG19
from retrato.shapes import Faces, Pictures, Scalar


@runtime_checkable
class Judge(Protocol):
    """Compares faces."""

    def __call__(self, restored: Faces, target: Faces, rng: torch.Generator) -> dict[str, Scalar]:
        """Losses by name; `rng` decides what chance decides."""
        ...


class PerceptualKind(StrEnum):
    """Who says whether faces look alike."""

    LPIPS = "lpips"
    """LPIPS on SqueezeNet: small and fast."""
    VGG = "vgg"
    """VGG-19, as published; also gives a style loss."""


class IdentityKind(StrEnum):
    """Who says whether two faces are one person."""

    MOBILEFACENET = "mobilefacenet"
    """One minus the cosine of the embeddings."""
    ARCFACE = "arcface"
    """ArcFace-18, the mean difference of the embeddings, as published."""


@dataclass(frozen=True)
class LPIPSJudge:
    """Perceptual loss by LPIPS."""

    network: LPIPS

    def __call__(self, restored: Faces, target: Faces, rng: torch.Generator) -> dict[str, Scalar]:
        """The loss `perceptual`."""
        seen, seen_target = _cropped_by_chance(restored, target, rng)
        return {"perceptual": self.network(seen, seen_target).mean()}


@dataclass(frozen=True)
class VGGJudge:
    """Perceptual and style loss by VGG-19."""

    network: VGG19

    def __call__(self, restored: Faces, target: Faces, rng: torch.Generator) -> dict[str, Scalar]:  # noqa: ARG002
        """The losses `perceptual` and `style`."""
        features = self.network(restored, tuple(LAYER_WEIGHTS))
        with torch.no_grad():
            target_features = self.network(target, tuple(LAYER_WEIGHTS))
        weights = tuple(LAYER_WEIGHTS.values())
        return {
            "perceptual": perceptual_loss(features, target_features, weights),
            "style": style_loss(features, target_features, weights),
        }


@dataclass(frozen=True)
class MobileFaceNetJudge:
    """Identity loss by MobileFaceNet."""

    network: MobileFaceNet

    def __call__(self, restored: Faces, target: Faces, rng: torch.Generator) -> dict[str, Scalar]:  # noqa: ARG002
        """The loss `identity`."""
        with torch.no_grad():
            target_embeddings = self.network(target)
        return {"identity": identity_loss(self.network(restored), target_embeddings)}


@dataclass(frozen=True)
class ArcFaceJudge:
    """Identity loss by ArcFace-18."""

    network: ArcFace

    def __call__(self, restored: Faces, target: Faces, rng: torch.Generator) -> dict[str, Scalar]:  # noqa: ARG002
        """The loss `identity`."""
        with torch.no_grad():
            target_embeddings = self.network(target)
        return {"identity": embedding_loss(self.network(restored), target_embeddings)}


def _cropped_by_chance(restored: Faces, target: Faces, rng: torch.Generator) -> tuple[Pictures, Pictures]:
    """Both without their first row, or column, or neither.

    SqueezeNet looks at every second pixel: always at the same ones, it would let a pattern of two pixels pass.
    """
    top, left = torch.randint(2, (2,), generator=rng).tolist()
    return restored[:, :, top:, left:], target[:, :, top:, left:]
