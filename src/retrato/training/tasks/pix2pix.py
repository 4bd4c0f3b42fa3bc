"""Training Pix2Pix (Isola et al., 2017): sources in, targets out, against a discriminator that sees both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.degradation import DegradationRanges, DegradationRecord, degrade, draw
from retrato.degradation.draws import Draws, Record
from retrato.images.tensors import from_levels, to_image
from retrato.losses import discriminator_loss, generator_loss, pixel_loss
from retrato.networks.noise import NoiseSeeds
from retrato.networks.pix2pix import PatchDiscriminator, PatchDiscriminatorConfig, UNet, UNetConfig
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player, total
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.training.tasks.jitter import JitterRecord, draw_jitter, jittered, require_room
from retrato.translation import PairKind, source_of
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0


@dataclass(frozen=True)
class Pix2PixTaskConfig:
    """What is trained, and how; numbers of the paper's appendix 6.2."""

    network: UNetConfig = field(default_factory=UNetConfig)
    """Shape of the translator."""
    discriminator: PatchDiscriminatorConfig = field(default_factory=PatchDiscriminatorConfig)
    """Shape of its adversary."""
    pairs: PairKind = PairKind.OWN
    """Pairs in files, or sources made of single pictures: edges, grey, degraded."""
    backwards: bool = False
    """Whether own pairs are learned from right to left, or from the folder target to the folder source."""
    degradation: DegradationRanges = field(default_factory=DegradationRanges)
    """How sources go bad that are degraded."""
    pixel_weight: float = 100.0
    """What the mean difference of pixels counts (lambda)."""
    adversarial_weight: float = 1.0
    """What it counts that the discriminator takes translated pictures for real; 0 learns without one."""
    jitter_size: int = 286
    """To which pictures are enlarged before a place is drawn to cut them; the network's size leaves them alone."""
    is_mirrored: bool = True
    """Whether half of the pairs are mirrored; not for writing and maps."""
    translator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How the translator learns."""
    discriminator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How its adversary does."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        require_room(self.network.image_size, self.jitter_size, self.discriminator.smallest_size)
        if min(self.pixel_weight, self.adversarial_weight) < 0 or not self.pixel_weight + self.adversarial_weight:
            raise ValueError("task.pixel_weight and task.adversarial_weight must not be negative, nor both 0")
        if self.backwards and self.pairs is not PairKind.OWN:
            raise ValueError(f"task.backwards is for own pairs: from a picture to its {self.pairs} nothing is learned")


@dataclass(frozen=True)
class PairRecord(Record):
    """All that chance decides about a batch of pairs."""

    jitter: JitterRecord
    noise_seeds: NoiseSeeds
    degradation: DegradationRecord


@dataclass(frozen=True)
class Pairs:
    """What the translator sees, and what it should make of it."""

    source: Faces
    target: Faces
    noise_seeds: NoiseSeeds


class Pix2PixTask:
    """The translator learns to make of each source its target, and the discriminator to tell which pairs are real."""

    heavy_iterations = (0, 1)

    def __init__(self, config: Pix2PixTaskConfig, device: torch.device, division: Division | None = None) -> None:
        self.config = config
        self.device = device
        self.division = division or Division()
        translator = UNet(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.translator = Player(translator, config.translator_learning, self.division)
        discriminator = PatchDiscriminator(config.discriminator).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = Player(discriminator, config.discriminator_learning, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the pictures before they are cut."""
        return self.config.jitter_size

    @property
    def framing(self) -> Framing:
        """Pairs, or single pictures of which it makes pairs."""
        return Framing.PAIR if self.config.pairs is PairKind.OWN else Framing.MIDDLE

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both sides."""
        return {"translator": self.translator, "discriminator": self.discriminator}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Translate, compare, judge, learn: the translator first, then the discriminator."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(self._draw_record(rng, count))
        parts = [
            self._pairs(self.division.part(batch.pictures, part), self.division.part(record, part))
            for part in range(self.division.parts)
        ]
        translated_parts: list[Faces] = []
        numbers = Numbers()

        def translator_loss(part: Pairs) -> Scalar:
            with self.config.precision.on(self.device):
                translated = self.translator.network(part.source, part.noise_seeds)
                losses = self._losses(translated, part)
            translated_parts.append(translated.detach())
            numbers.add(losses, "loss/")
            return total(losses.values())

        def told_apart(seen: tuple[Pairs, Faces]) -> Scalar:
            part, translated = seen
            with self.config.precision.on(self.device):
                real_logits = self.discriminator.network(part.source, part.target)
                loss = discriminator_loss(real_logits, self.discriminator.network(part.source, translated)) / 2
            numbers.add({"loss/discriminator": loss})
            return loss

        norm = self.translator.minimize(map(translator_loss, parts), iteration, decay)
        numbers.add({"gradient": norm})
        if self.config.adversarial_weight:
            self.discriminator.minimize(map(told_apart, zip(parts, translated_parts, strict=True)), iteration, decay)
        return numbers.means()

    def _losses(self, translated: Faces, pairs: Pairs) -> dict[str, Scalar]:
        config = self.config
        losses = {}
        if config.pixel_weight:
            losses["pixel"] = config.pixel_weight * pixel_loss(translated, pairs.target)
        if config.adversarial_weight:
            with self.discriminator.frozen():
                logits = self.discriminator.network(pairs.source, translated)
            losses["adversarial"] = config.adversarial_weight * generator_loss(logits)
        return losses

    def _draw_record(self, rng: torch.Generator, count: int) -> PairRecord:
        """For the whole batch."""
        draws = Draws(rng, count)
        return PairRecord(
            jitter=draw_jitter(draws, self.config.is_mirrored),
            noise_seeds=draws.seeds(),
            degradation=draw(rng, count, self.config.degradation),
        )

    def _pairs(self, pictures: UInt8[Tensor, "n 3 s wide"], record: PairRecord) -> Pairs:
        """Cut where the record says, source and target at the same place."""
        both = from_levels(pictures.to(self.device))
        squares = torch.cat(both.chunk(self.framing.squares, 3), 1)  # (N, 6, S, S), or (N, 3, S, S) of targets alone
        cut = jittered(squares, record.jitter, self.config.network.image_size)
        source, target = self._source_and_target(cut, record.degradation)
        return Pairs(source, target, record.noise_seeds.to(self.device))

    def _source_and_target(self, squares: Tensor, degradation: DegradationRecord) -> tuple[Faces, Faces]:
        config = self.config
        if config.pairs is PairKind.OWN:
            first, second = (each.contiguous(memory_format=torch.channels_last) for each in squares.chunk(2, 1))
            return (second, first) if config.backwards else (first, second)
        target = squares.contiguous(memory_format=torch.channels_last)
        if config.pairs is PairKind.DEGRADED:
            degraded, target = degrade(target, degradation.to(self.device))
            return degraded.contiguous(memory_format=torch.channels_last), target
        return source_of(config.pairs, target), target

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> Image:
        """Rows of source, translated, target."""
        pairs = self._whole_pairs(pictures)
        translated = self.translator.average(pairs.source, pairs.noise_seeds)
        rows = [torch.cat(list(each.float()), 2) for each in (pairs.source, translated, pairs.target)]
        return to_image(torch.cat(rows, 1))

    @torch.no_grad()
    def score(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> float | None:
        """The pixels' difference on pairs that were not learned."""
        pairs = self._whole_pairs(pictures)
        return pixel_loss(self.translator.average(pairs.source), pairs.target).item()

    def _whole_pairs(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> Pairs:
        """Not cut, but shrunk to the network's size."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        both = from_levels(pictures.to(self.device))
        size = self.config.network.image_size
        squares = torch.cat(both.chunk(self.framing.squares, 3), 1)
        squares = F.interpolate(squares, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
        seeds = Draws(rng, len(pictures)).seeds().to(self.device)
        source, target = self._source_and_target(squares, draw(rng, len(pictures), self.config.degradation))
        return Pairs(source, target, seeds)

    def state(self) -> dict[str, Any]:
        """Of both players."""
        return states(self.players)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)

    def weights(self) -> StoredWeights:
        """The translator."""
        story = {"pairs": str(self.config.pairs)}
        config = config_fields(self.config.network)
        return StoredWeights("pix2pix", config, self.translator.average.state_dict(), story)
