"""Training StyleGAN2 (Karras et al., 2020), the generative prior: latents in, faces out, against a discriminator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.degradation.draws import Draws, Record
from retrato.generation import draw_faces
from retrato.images.tensors import from_levels, mirrored_where, tiled
from retrato.losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.networks.modulation import Style
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator, Styles, in_every_layer, mix_styles
from retrato.precision import Precision
from retrato.shapes import Faces, Image, PerPicture, Scalar
from retrato.training.adaptive import AdaptiveAugmentation, AugmentationConfig
from retrato.training.augmentation import AugmentationRecord, augment, draw_augmentation
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player
from retrato.training.regularization import is_due, real_penalty
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
PREVIEW_PICTURES = 16
PREVIEW_TRUNCATION = 0.7


@dataclass(frozen=True)
class StyleGAN2TaskConfig:
    """What is trained, and how; weights as published."""

    network: StyleGAN2Config = field(default_factory=StyleGAN2Config)
    """Shape of the generator."""
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    """Shape of its adversary."""
    generator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How the generator learns."""
    discriminator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How its adversary does."""
    mixing_share: float = 0.9
    """How many pictures have the styles of two latents."""
    path_weight: float = 2.0
    """Of path length regularisation; applied the more the less often it is computed."""
    path_every: int = 4
    """Iterations between two path lengths."""
    path_shrink: int = 2
    """How many times smaller than the batch theirs is."""
    penalty_weight: float = 10.0
    """Of R1; halved, and applied the more the less often it is computed."""
    penalty_every: int = 16
    """Iterations between two penalties."""
    augmentation: AugmentationConfig | None = None
    """For few pictures, some thousand; none where there are many."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def __post_init__(self) -> None:
        """Refuse intervals that are none."""
        for name in ("path_every", "path_shrink", "penalty_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.discriminator.image_size != self.network.image_size:
            sizes = f"{self.discriminator.image_size}, and the generator's {self.network.image_size}"
            raise ValueError(f"task.discriminator.image_size is {sizes}")
        if self.network.mapping_layers < 1:
            raise ValueError("task.network.mapping_layers must be at least 1: a prior maps its latents")


@dataclass(frozen=True)
class LatentRecord(Record):
    """All that chance decides about drawing pictures."""

    latents: Style
    others: Style
    """Of the finer layers, where styles are mixed."""
    cut: Int64[Tensor, " n"]
    """The first layer of the other style."""
    noise_seeds: Int64[Tensor, " n"]


@dataclass(frozen=True)
class StepRecord(Record):
    """All that chance decides in one step."""

    drawn: LatentRecord
    drawn_for_paths: LatentRecord
    drawn_changed: AugmentationRecord
    """For the generator's loss."""
    drawn_changed_again: AugmentationRecord
    """For the discriminator's."""
    real_changed: AugmentationRecord
    is_mirrored: Bool[Tensor, " n"]


class StyleGAN2Task:
    """The generator learns to draw faces that the discriminator takes for real ones."""

    def __init__(self, config: StyleGAN2TaskConfig, device: torch.device, division: Division | None = None) -> None:
        self.config = config
        self.device = device
        self.division = division or Division()
        generator = StyleGAN2Generator(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = Player(generator, config.generator_learning, self.division)
        discriminator = Discriminator(config.discriminator).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = Player(discriminator, config.discriminator_learning, self.division)
        self.mean_length = torch.zeros((), device=device)
        self.augmentation = AdaptiveAugmentation(config.augmentation, device, self.division)

    framing = Framing.SQUARE

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both sides."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @property
    def heavy_iterations(self) -> tuple[int, int]:
        """The first in which all regularisation is computed, and how many to the next with some."""
        return 0, min(self.config.path_every, self.config.penalty_every)

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Draw, judge, learn: the generator first, then the discriminator; path lengths and R1 now and then."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(self._draw_record(rng, count)).to(self.device)
        parts = [self.division.part(record, part) for part in range(self.division.parts)]
        numbers = Numbers()
        fakes: list[Faces] = []
        lengths: list[PerPicture] = []

        def generator_part(part: StepRecord) -> Scalar:
            fake, loss = self._generator_part(part)
            fakes.append(fake.detach())
            numbers.add({"loss/generator": loss})
            return loss + self._path_penalty(part.drawn_for_paths, iteration, lengths)

        norm = self.generator.minimize(map(generator_part, parts), iteration, decay)
        real = from_levels(batch.pictures.to(self.device))
        reals = [self.division.part(real, part) for part in range(self.division.parts)]

        def discriminator_part(seen: tuple[StepRecord, Faces, Faces]) -> Scalar:
            loss = self._discriminator_part(*seen)
            numbers.add({"loss/discriminator": loss})
            return loss + self._real_penalty(seen[0], seen[2], iteration)

        self.discriminator.minimize(map(discriminator_part, zip(parts, fakes, reals, strict=True)), iteration, decay)
        self._follow(lengths)
        numbers.add({"gradient": norm, "path_length": self.mean_length, **self.augmentation.numbers()})
        self.augmentation.adapt(iteration, count)
        return numbers.means()

    def _generator_part(self, record: StepRecord) -> tuple[Faces, Scalar]:
        with self.config.precision.on(self.device):
            fake = self._draw(record.drawn)
            with self.discriminator.frozen():
                logits = self.discriminator.network(augment(fake, record.drawn_changed))
        return fake, generator_loss(logits)

    def _discriminator_part(self, record: StepRecord, fake: Faces, real: Faces) -> Scalar:
        with self.config.precision.on(self.device):
            real_logits = self.discriminator.network(self._shown(real, record))
            fake_logits = self.discriminator.network(augment(fake, record.drawn_changed_again))
        self.augmentation.follow(real_logits)
        return discriminator_loss(real_logits, fake_logits)

    def _shown(self, real: Faces, record: StepRecord) -> Faces:
        """Real faces as the discriminator sees them."""
        mirrored = mirrored_where(real, record.is_mirrored)
        return augment(mirrored.contiguous(memory_format=torch.channels_last), record.real_changed)

    def _draw_record(self, rng: torch.Generator, count: int) -> StepRecord:
        """For the whole batch."""
        return StepRecord(
            drawn=self._latents(rng, count),
            drawn_for_paths=self._latents(rng, count),
            drawn_changed=draw_augmentation(rng, count, self.augmentation.probability),
            drawn_changed_again=draw_augmentation(rng, count, self.augmentation.probability),
            real_changed=draw_augmentation(rng, count, self.augmentation.probability),
            is_mirrored=torch.rand(count, generator=rng) < 0.5,
        )

    def _latents(self, rng: torch.Generator, count: int) -> LatentRecord:
        size, layers = self.config.network.style_size, self.config.network.style_layers
        draws = Draws(rng, count)
        is_mixed = draws.happens(self.config.mixing_share)
        cut = torch.randint(1, layers, (count,), generator=rng)
        return LatentRecord(
            latents=torch.randn(count, size, generator=rng),
            others=torch.randn(count, size, generator=rng),
            cut=torch.where(is_mixed, cut, layers),
            noise_seeds=draws.seeds(),
        )

    def _styles(self, record: LatentRecord) -> Styles:
        layers = self.config.network.style_layers
        coarse, fine = (
            in_every_layer(self.generator.network.mapping(each), layers) for each in (record.latents, record.others)
        )
        return mix_styles(coarse, fine, record.cut)

    def _draw(self, record: LatentRecord) -> Faces:
        return self.generator.network(self._styles(record), noise_seeds=record.noise_seeds)

    def _path_penalty(self, latents: LatentRecord, iteration: int, lengths: list[PerPicture]) -> Scalar:
        """Path length regularisation now and then, on fewer pictures; their lengths are noted."""
        config = self.config
        if not is_due(iteration, config.path_every, config.path_weight):
            return self.mean_length.new_zeros(())
        few = latents[: max(1, len(latents.latents) // config.path_shrink)]
        with torch.autocast(self.device.type, enabled=False):
            styles = self._styles(few)
            pictures = self.generator.network(styles, noise_seeds=few.noise_seeds)
            found = path_lengths(pictures, styles, few.noise_seeds + 1)
            penalty, _ = path_length_penalty(found, self.mean_length)
        lengths.append(found.detach())
        return config.path_weight * config.path_every * penalty

    def _follow(self, lengths: list[PerPicture]) -> None:
        """Bring the mean path length nearer to those of all parts and processes."""
        if lengths:
            mean = torch.stack([each.mean() for each in lengths]).mean()
            self.division.average([mean])
            _, self.mean_length = path_length_penalty(mean[None], self.mean_length)

    def _real_penalty(self, record: StepRecord, real: Faces, iteration: int) -> Scalar:
        """R1 now and then, through the augmentation."""
        config = self.config
        if not is_due(iteration, config.penalty_every, config.penalty_weight):
            return real.new_zeros(())
        penalty = real_penalty(lambda faces: self.discriminator.network(self._shown(faces, record)), real)
        return config.penalty_weight / 2 * config.penalty_every * penalty

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:  # noqa: ARG002
        """Faces of the averaged generator, a little truncated; always of the same latents."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        faces = draw_faces(self.generator.average, PREVIEW_PICTURES, rng, kept=PREVIEW_TRUNCATION)
        return tiled(faces, 4)

    def score(self, pictures: UInt8[Tensor, "n 3 s s"]) -> float | None:  # noqa: ARG002
        """None: no number of one batch says how good a generator is."""
        return None

    def state(self) -> dict[str, Any]:
        """Of both players, of path lengths, and of the augmentation."""
        return {
            **states(self.players),
            "mean_length": self.mean_length,
            "augmentation": self.augmentation.state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)
        self.mean_length = state["mean_length"].to(self.device)
        self.augmentation.resume(state["augmentation"])

    def weights(self) -> StoredWeights:
        """The averaged generator."""
        return StoredWeights("stylegan2", config_fields(self.config.network), self.generator.average.state_dict(), {})
