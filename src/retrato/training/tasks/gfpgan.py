"""Training GFP-GAN to restore faces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.degradation import DegradationRanges, DegradationRecord, degrade, draw
from retrato.degradation.record import REFERENCE_SIZE
from retrato.images.tensors import from_levels, mirrored_where, to_images
from retrato.losses import pixel_loss, pyramid_loss
from retrato.losses.components import PlacesOfFaces, mirrored
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.noise import NoiseSeeds
from retrato.networks.squeezenet import SqueezeNet
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player, total
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.training.tasks.adversary import Adversary, AdversaryConfig, Seen
from retrato.training.tasks.judges import IdentityKind, Judge, PerceptualKind
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
LEAST_SIZE = 32
"""Pixels across a face: below that SqueezeNet runs out of them."""


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts; 0 leaves it out."""

    pixel: float = 1.0
    """Of the mean difference of pixels."""
    pyramid: float = 0.2
    """Of the same for the U-Net's own pictures at every resolution."""
    pyramid_until: int | None = None
    """The iteration from which on the pyramid no longer counts."""
    perceptual: float = 0.5
    """Of features of a network that sees."""
    style: float = 0.0
    """Of the textures that it sees; VGG alone."""
    identity: float = 0.15
    """Of embeddings of a network that knows people."""


@dataclass(frozen=True)
class GFPGANTaskConfig:
    """What is trained, on what, and how."""

    network: GFPGANConfig = field(default_factory=GFPGANConfig)
    """Shape of the restorer."""
    freeze_prior: bool = False
    """Whether the generative prior stays as it came; it has to come from somewhere then."""
    drawn_noise: bool = False
    """Whether the prior's noise is drawn for each face, as published, instead of being the stored one."""
    degradation: DegradationRanges = field(default_factory=DegradationRanges)
    """How the faces go bad from which it learns."""
    losses: LossWeights = field(default_factory=LossWeights)
    """What it makes smaller."""
    perceptual: PerceptualKind = PerceptualKind.LPIPS
    """Who says whether faces look alike."""
    identity: IdentityKind = IdentityKind.MOBILEFACENET
    """Who says whether they are one person."""
    restorer: LearningConfig = field(default_factory=LearningConfig)
    """How it learns."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""
    adversary: AdversaryConfig | None = None
    """Who judges the restored faces; nobody while a restorer is still learning what a face is."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        size = self.network.image_size
        if size < LEAST_SIZE:
            raise ValueError(f"the networks that judge need faces of {LEAST_SIZE} px or more, found {size}")
        losses = self.losses
        if self.adversary:
            self.adversary.require_whole(size)
        if not any((losses.pixel, losses.pyramid, losses.perceptual, losses.style, losses.identity, self.adversary)):
            raise ValueError("every loss counts 0: nothing would be learned")


@dataclass(frozen=True)
class DegradedFaces:
    """What the restorer sees, what it should make of it, where eyes and mouth are, and the prior's noise."""

    degraded: Faces
    target: Faces
    places: PlacesOfFaces
    noise_seeds: NoiseSeeds | None


class GFPGANTask:
    """The restorer learns from faces degraded by chance, each in a new way every time."""

    def __init__(
        self,
        config: GFPGANTaskConfig,
        judges: Mapping[str, Judge],
        device: torch.device,
        division: Division | None = None,
        trunk: SqueezeNet | None = None,
    ) -> None:
        """Begin with weights by chance.

        Args:
            config: what is trained.
            judges: `perceptual` and `identity`; one whose loss counts nothing may be missing.
            device: where to compute.
            division: how batches are divided.
            trunk: what an adversary with a projected discriminator looks through.
        """
        self.config = config
        self.judges = judges
        self.device = device
        self.division = division or Division()
        network = GFPGAN(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.prior.requires_grad_(not config.freeze_prior)
        self.restorer = Player(network, config.restorer, self.division)
        self.adversary = Adversary(config.adversary, device, self.division, trunk) if config.adversary else None

    framing = Framing.SQUARE

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """The restorer, and its adversary's discriminators if it has one."""
        return {"restorer": self.restorer, **(self.adversary.players if self.adversary else {})}

    @property
    def heavy_iterations(self) -> tuple[int, int]:
        """The first in which R1 is computed, and how many to the next."""
        if self.adversary is None:
            return 0, 1
        return self.adversary.config.first_iteration, self.adversary.config.penalty_every

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Degrade, restore, compare, learn; then the adversary learns, if there is one and its time has come."""
        adversary = self.adversary if self.adversary and iteration >= self.adversary.config.first_iteration else None
        parts = self._degraded_parts(batch, rng)
        chance = int(torch.randint(2**31, (), generator=rng))  # the same for every part
        seen_parts: list[Seen] = []
        numbers = Numbers()

        def restorer_loss(part: DegradedFaces) -> Scalar:
            with self.config.precision.on(self.device):
                restored, pyramid = self.restorer.network(part.degraded, part.noise_seeds)
                losses = self._losses(restored, pyramid, part.target, torch.Generator().manual_seed(chance), iteration)
                if adversary:
                    adversarial_losses, seen = adversary.restorer_losses(restored, part.target, part.places)
                    losses |= adversarial_losses
                    seen_parts.append(seen)
            numbers.add(losses, "loss/")
            return total(losses.values())

        norm = self.restorer.minimize(map(restorer_loss, parts), iteration, decay)
        numbers.add({"gradient": norm})
        if adversary:
            with self.config.precision.on(self.device):
                numbers.add(adversary.learn(seen_parts, iteration, decay))
        return numbers.means()

    def _losses(
        self, restored: Faces, pyramid: list[Tensor], target: Faces, rng: torch.Generator, iteration: int
    ) -> dict[str, Scalar]:
        weights = self.config.losses
        until = weights.pyramid_until
        terms: dict[str, tuple[float, Callable[[], dict[str, Scalar]]]] = {
            "pixel": (weights.pixel, lambda: {"pixel": pixel_loss(restored, target)}),
            "pyramid": (
                weights.pyramid if until is None or iteration < until else 0.0,
                lambda: {"pyramid": pyramid_loss(pyramid, target)},
            ),
            "perceptual": (
                max(weights.perceptual, weights.style),
                lambda: self.judges["perceptual"](restored, target, rng),
            ),
            "identity": (weights.identity, lambda: self.judges["identity"](restored, target, rng)),
        }
        found = {name: loss for weight, term in terms.values() if weight for name, loss in term().items()}
        return {name: getattr(weights, name) * loss for name, loss in found.items() if getattr(weights, name)}

    def _degraded_parts(self, batch: FaceBatch, rng: torch.Generator) -> list[DegradedFaces]:
        """Each part of this process's share; what happens to a face does not hang on how the batch is divided."""
        count = len(batch.pictures) * self.division.processes
        is_mirrored = self.division.share(torch.rand(count, generator=rng) < 0.5)
        record = self.division.share(draw(rng, count, self.config.degradation))
        seeds = self.division.share(torch.randint(2**31, (count,), generator=rng)).to(self.device)
        pictures = mirrored_where(batch.pictures, is_mirrored)
        places = torch.where(is_mirrored[:, None, None], mirrored(batch.places), batch.places)
        places = torch.cat([places[..., :2] + record.shift[:, None] / REFERENCE_SIZE, places[..., 2:]], -1)
        parts = []
        for part in range(self.division.parts):
            degraded, target = self._degrade(self.division.part(pictures, part), self.division.part(record, part))
            noise_seeds = self.division.part(seeds, part) if self.config.drawn_noise else None
            own_places = self.division.part(places, part).to(self.device)
            parts.append(DegradedFaces(degraded, target, own_places, noise_seeds))
        return parts

    def _degrade(self, pictures: UInt8[Tensor, "n 3 s s"], record: DegradationRecord) -> tuple[Faces, Faces]:
        target = from_levels(pictures.to(self.device))
        degraded, target = degrade(target, record.to(self.device))
        return degraded.contiguous(memory_format=torch.channels_last), target

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:
        """Rows of degraded, restored, target."""
        degraded, target = self._degraded_for_preview(pictures)
        restored = self.restorer.average.restore(degraded)
        rows = [torch.cat(list(each.float()), 2) for each in (degraded, restored, target)]
        return to_images(torch.cat(rows, 1)[None])[0]

    @torch.no_grad()
    def score(self, pictures: UInt8[Tensor, "n 3 s s"]) -> float | None:
        """The perceptual loss, or else the pixels' difference, on faces degraded with the published ranges."""
        degraded, target = self._degraded_for_preview(pictures)
        restored = self.restorer.average.restore(degraded)
        if "perceptual" not in self.judges:
            return pixel_loss(restored, target).item()
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        return self.judges["perceptual"](restored, target, rng)["perceptual"].item()

    def _degraded_for_preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> tuple[Faces, Faces]:
        return self._degrade(pictures, draw(torch.Generator().manual_seed(PREVIEW_SEED), len(pictures)))

    def state(self) -> dict[str, Any]:
        """Of all players."""
        return states(self.players)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)

    def weights(self) -> StoredWeights:
        """The averaged restorer."""
        return StoredWeights("gfpgan", config_fields(self.config.network), self.restorer.average.state_dict(), {})
