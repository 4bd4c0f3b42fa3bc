"""Training GFP-GAN to restore faces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.degradation import PAPER, DegradationRanges, degrade, draw
from retrato.images.tensors import from_levels, to_images
from retrato.losses import identity_loss, pixel_loss, pyramid_loss
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.shapes import Faces, Image, Pictures, Scalar
from retrato.training.player import AdamConfig, Player, total
from retrato.training.task import Terms
from retrato.training.tasks.adversary import Adversary, AdversaryConfig
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0


class Precision(StrEnum):
    """What networks are computed in; pictures, the optimiser and the averaged weights are always float32."""

    BF16 = "bf16"
    FP32 = "fp32"


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts; 0 leaves it out."""

    pixel: float = 1.0
    """Of the mean difference of pixels."""
    pyramid: float = 0.2
    """Of the same for the U-Net's own pictures at every resolution."""
    perceptual: float = 0.5
    """Of LPIPS."""
    identity: float = 0.15
    """Of one minus the cosine between embeddings of restored and target."""


@dataclass(frozen=True)
class GFPGANTaskConfig:
    """What is trained, on what, and how."""

    network: GFPGANConfig = field(default_factory=GFPGANConfig)
    """Shape of the restorer."""
    degradation: DegradationRanges = PAPER
    """How the faces go bad from which it learns."""
    losses: LossWeights = field(default_factory=LossWeights)
    """What it makes smaller."""
    restorer: AdamConfig = field(default_factory=AdamConfig)
    """How it learns."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""
    adversary: AdversaryConfig | None = None
    """Who judges the restored faces; nobody while a restorer is still learning what a face is."""


class GFPGANTask:
    """The restorer learns from faces degraded by chance, each in a new way every time."""

    def __init__(
        self, config: GFPGANTaskConfig, perceptual: LPIPS, recognition: MobileFaceNet, device: torch.device
    ) -> None:
        self.config = config
        self.device = device
        self.perceptual = perceptual.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recognition = recognition.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        network = GFPGAN(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.restorer = Player(network, config.restorer)
        self.adversary = Adversary(config.adversary, device) if config.adversary else None

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """The restorer, and its adversary's discriminators if it has one."""
        return {"restorer": self.restorer, **(self.adversary.players if self.adversary else {})}

    def step(self, pictures: UInt8[Tensor, "n 3 s s"], rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Degrade, restore, compare, learn; then the adversary learns, if there is one and its time has come."""
        adversary = self.adversary if self.adversary and iteration >= self.adversary.config.first_iteration else None
        degraded, target = self._degrade(_mirror_some(pictures, rng), rng, self.config.degradation)
        with self._mixed_precision():
            restored, pyramid = self.restorer.network(degraded)
            losses = self._losses(restored, pyramid, target, rng)
            if adversary:
                losses |= adversary.restorer_losses(restored, target)
        norm = self.restorer.minimize(total(losses.values()), iteration, decay)
        with self._mixed_precision():
            numbers = adversary.learn(restored.detach(), target, iteration, decay) if adversary else {}
        return {**{f"loss/{name}": loss.detach() for name, loss in losses.items()}, "gradient": norm, **numbers}

    def _mixed_precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision is Precision.BF16)

    def _losses(self, restored: Faces, pyramid: list[Tensor], target: Faces, rng: torch.Generator) -> dict[str, Scalar]:
        weights = self.config.losses
        seen, seen_target = _cropped_by_chance(restored, target, rng)
        terms: dict[str, tuple[float, Callable[[], Scalar]]] = {
            "pixel": (weights.pixel, lambda: pixel_loss(restored, target)),
            "pyramid": (weights.pyramid, lambda: pyramid_loss(pyramid, target)),
            "perceptual": (weights.perceptual, lambda: self.perceptual(seen, seen_target).mean()),
            "identity": (weights.identity, lambda: identity_loss(self.recognition(restored), self.recognition(target))),
        }
        return {name: weight * term() for name, (weight, term) in terms.items() if weight}

    def _degrade(
        self, pictures: UInt8[Tensor, "n 3 s s"], rng: torch.Generator, ranges: DegradationRanges
    ) -> tuple[Faces, Faces]:
        target = from_levels(pictures.to(self.device))
        record = draw(rng, len(target), ranges).to(self.device)
        degraded, target = degrade(target, record)
        return degraded.contiguous(memory_format=torch.channels_last), target

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:
        """Rows of degraded, restored, target."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        degraded, target = self._degrade(pictures, rng, PAPER)
        restored = self.restorer.average.restore(degraded)
        rows = [torch.cat(list(each.float()), 2) for each in (degraded, restored, target)]
        return to_images(torch.cat(rows, 1)[None])[0]

    def weights(self) -> StoredWeights:
        """The averaged restorer."""
        return StoredWeights("gfpgan", config_fields(self.config.network), self.restorer.average.state_dict(), {})


def _cropped_by_chance(restored: Faces, target: Faces, rng: torch.Generator) -> tuple[Pictures, Pictures]:
    """Both without their first row, or column, or neither.

    SqueezeNet looks at every second pixel: always at the same ones, it would let a pattern of two pixels pass.
    """
    top, left = torch.randint(2, (2,), generator=rng).tolist()
    return restored[:, :, top:, left:], target[:, :, top:, left:]


def _mirror_some(pictures: UInt8[Tensor, "n 3 s s"], rng: torch.Generator) -> UInt8[Tensor, "n 3 s s"]:
    """Half of the pictures, left and right exchanged."""
    mirrored = torch.rand(len(pictures), generator=rng) < 0.5
    return torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)
