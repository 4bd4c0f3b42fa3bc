"""Training CycleGAN (Zhu et al., 2017): from one kind of picture to another and back, without any pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.degradation.draws import Draws, Record
from retrato.images.tensors import from_levels, to_image
from retrato.losses import least_squares_discriminator_loss, least_squares_generator_loss, pixel_loss
from retrato.networks.cyclegan import CycleGAN, CycleGANConfig
from retrato.networks.pix2pix import PatchDiscriminator, PatchDiscriminatorConfig
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Pictures, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player, total
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.training.tasks.jitter import JitterRecord, draw_jitter, jittered, require_room
from retrato.weights.store import StoredWeights, config_fields

KINDS = ("source", "target")


@dataclass(frozen=True)
class CycleGANTaskConfig:
    """What is trained, and how; numbers of the paper's section 4 and appendix 7."""

    network: CycleGANConfig = field(default_factory=CycleGANConfig)
    """Shape of both translators."""
    discriminator: PatchDiscriminatorConfig = field(default_factory=lambda: PatchDiscriminatorConfig(pictures=1))
    """Shape of both adversaries, one for each kind of picture."""
    cycle_weight: float = 10.0
    """What it counts that a picture, translated forth and back, is the same again (lambda)."""
    identity_weight: float = 5.0
    """What it counts that a picture which is of the right kind already stays as it is: it keeps the colours."""
    earlier_pictures: int = 50
    """So many translated pictures are kept, from which the discriminators see every other one; 0 keeps none."""
    jitter_size: int = 286
    """To which pictures are enlarged before a place is drawn to cut them; the network's size leaves them alone."""
    is_mirrored: bool = True
    """Whether half of the pictures are mirrored; not for writing and maps."""
    translator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How both translators learn."""
    discriminator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How their adversaries do."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        require_room(self.network.image_size, self.jitter_size, self.discriminator.smallest_size)
        if self.discriminator.pictures != 1:
            raise ValueError(f"task.discriminator.pictures is {self.discriminator.pictures}: without pairs it sees 1")
        if min(self.cycle_weight, self.identity_weight, self.earlier_pictures) < 0:
            raise ValueError("task.cycle_weight, identity_weight and earlier_pictures must not be negative")


@dataclass(frozen=True)
class ExchangeRecord(Record):
    """What chance decides about earlier pictures."""

    is_exchanged: Bool[Tensor, " n"]
    place: Float[Tensor, " n"]
    """Of the earlier one, 0 to 1."""


@dataclass(frozen=True)
class UnpairedRecord(Record):
    """All that chance decides about a batch: how pictures of each kind are cut, and which earlier ones come up."""

    source: JitterRecord
    target: JitterRecord
    source_exchange: ExchangeRecord
    target_exchange: ExchangeRecord


class CycleGANTask:
    """Two translators that undo each other, and for each kind of picture a discriminator of what they make.

    What each process and part has kept of earlier pictures is its own, so here it matters how a batch is divided.
    """

    framing = Framing.UNPAIRED
    heavy_iterations = (0, 1)

    def __init__(self, config: CycleGANTaskConfig, device: torch.device, division: Division | None = None) -> None:
        self.config = config
        self.device = device
        self.division = division or Division()
        translators = CycleGAN(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.translators = Player(translators, config.translator_learning, self.division)
        self.discriminators = {kind: self._discriminator() for kind in KINDS}
        self.earlier = {kind: EarlierPictures(config.earlier_pictures) for kind in KINDS}

    def _discriminator(self) -> Player[PatchDiscriminator]:
        network = PatchDiscriminator(self.config.discriminator)
        moved = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Player(moved, self.config.discriminator_learning, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the pictures before they are cut."""
        return self.config.jitter_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """The translators, who learn together, and the discriminator of each kind."""
        judges = {f"{kind}_discriminator": player for kind, player in self.discriminators.items()}
        return {"translators": self.translators, **judges}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Translate forth and back, compare, judge, learn: the translators first, then the discriminators."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(self._draw_record(rng, count))
        parts = range(self.division.parts)
        real = [
            self._real(self.division.part(batch.pictures, part), self.division.part(record, part)) for part in parts
        ]
        translated: list[dict[str, Faces]] = []
        numbers = Numbers()

        def translators_loss(part: dict[str, Faces]) -> Scalar:
            with self.config.precision.on(self.device):
                fakes = self._translated(part)
                losses = self._losses(part, fakes)
            translated.append({kind: each.detach() for kind, each in fakes.items()})
            numbers.add(losses, "loss/")
            return total(losses.values())

        norm = self.translators.minimize(map(translators_loss, real), iteration, decay)
        numbers.add({"gradient": norm})
        for kind, exchange in (("source", record.source_exchange), ("target", record.target_exchange)):
            seen = [
                (kind, real[part][kind], self._shown(kind, translated[part], self.division.part(exchange, part)))
                for part in parts
            ]
            self.discriminators[kind].minimize((self._told_apart(*each, numbers) for each in seen), iteration, decay)
        return numbers.means()

    def _shown(self, kind: str, translated: Mapping[str, Faces], exchange: ExchangeRecord) -> Faces:
        """What a discriminator sees of what the translators made: some of it from earlier iterations."""
        return self.earlier[kind].exchanged(translated[kind], exchange)

    def _translated(self, real: Mapping[str, Faces]) -> dict[str, Faces]:
        """Of each kind, what the pictures of the other became."""
        network = self.translators.network
        return {"source": network.back(real["target"]), "target": network.forth(real["source"])}

    def _losses(self, real: Mapping[str, Faces], fakes: Mapping[str, Faces]) -> dict[str, Scalar]:
        """What the translators make smaller, weighted (equation 3, and the identity of section 5.2)."""
        config, network = self.config, self.translators.network
        losses = {}
        for kind, translate in (("source", network.back), ("target", network.forth)):
            player = self.discriminators[kind]
            with player.frozen():
                losses[f"adversarial_{kind}"] = least_squares_generator_loss(player.network(fakes[kind]))
            (other,) = {*KINDS} - {kind}
            losses[f"cycle_{kind}"] = config.cycle_weight * pixel_loss(translate(fakes[other]), real[kind])
            if config.identity_weight:
                losses[f"identity_{kind}"] = config.identity_weight * pixel_loss(translate(real[kind]), real[kind])
        return losses

    def _told_apart(self, kind: str, real: Faces, fake: Faces, numbers: Numbers) -> Scalar:
        """What a discriminator makes smaller: half of the sum, as the paper slows it."""
        network = self.discriminators[kind].network
        with self.config.precision.on(self.device):
            loss = least_squares_discriminator_loss(network(real), network(fake)) / 2
        numbers.add({f"loss/discriminator_{kind}": loss})
        return loss

    def _draw_record(self, rng: torch.Generator, count: int) -> UnpairedRecord:
        """For the whole batch."""
        draws = Draws(rng, count)
        source, target = (draw_jitter(draws, self.config.is_mirrored) for _ in KINDS)
        return UnpairedRecord(source, target, *(_draw_exchange(draws) for _ in KINDS))

    def _real(self, pictures: UInt8[Tensor, "n 3 s wide"], record: UnpairedRecord) -> dict[str, Pictures]:
        """Both kinds, each cut where the record says."""
        squares = zip(
            KINDS, from_levels(pictures.to(self.device)).chunk(2, 3), (record.source, record.target), strict=True
        )
        size = self.config.network.image_size
        return {
            kind: jittered(each, jitter, size).contiguous(memory_format=torch.channels_last)
            for kind, each, jitter in squares
        }

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> Image:
        """Rows of a source, translated, and back again; and of a target, translated, and forth again."""
        network, size = self.translators.average, self.config.network.image_size
        source, target = (
            F.interpolate(each, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
            for each in from_levels(pictures.to(self.device)).chunk(2, 3)
        )
        forth, back = network.forth(source), network.back(target)
        columns = (source, forth, network.back(forth), target, back, network.forth(back))
        return to_image(torch.cat([torch.cat(list(each.float()), 1) for each in columns], 2))

    def score(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> float | None:  # noqa: ARG002
        """None: without pairs nobody knows what a picture should have become."""
        return None

    def state(self) -> dict[str, Any]:
        """Of all players, and the earlier pictures."""
        return {**states(self.players), "earlier": {kind: each.pictures for kind, each in self.earlier.items()}}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)
        for kind, each in self.earlier.items():
            each.pictures = [picture.to(self.device) for picture in state["earlier"][kind]]

    def weights(self) -> StoredWeights:
        """Both translators."""
        config = config_fields(self.config.network)
        return StoredWeights("cyclegan", config, self.translators.average.state_dict(), {})


def _draw_exchange(draws: Draws) -> ExchangeRecord:
    return ExchangeRecord(draws.happens(0.5), draws.uniform((0.0, 1.0)))


class EarlierPictures:
    """Keeps some translated pictures, so that a discriminator does not forget what it could tell before.

    Shrivastava et al. (2017), section 2.3.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.pictures: list[Tensor] = []

    def exchanged(self, pictures: Faces, record: ExchangeRecord) -> Faces:
        """The pictures, as long as there is room to keep them; then, where the record says so, earlier ones instead.

        Each takes the place of the one that is shown instead of it.
        """
        shown = []
        chances = zip(record.is_exchanged.tolist(), record.place.tolist(), strict=True)
        for picture, (is_exchanged, place) in zip(pictures, chances, strict=True):
            if len(self.pictures) < self.most:
                self.pictures.append(picture)
            elif is_exchanged and self.most:
                index = min(int(place * self.most), self.most - 1)
                self.pictures[index], picture = picture, self.pictures[index]  # noqa: PLW2901
            shown.append(picture)
        return torch.stack(shown)
