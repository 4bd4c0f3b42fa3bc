"""Training StyleGAN2 (Karras et al., 2020), the generative prior: latents in, faces out, against a discriminator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from retrato.data import FaceBatch
from retrato.degradation.draws import Draws, Record
from retrato.generation import draw_faces
from retrato.images.tensors import from_levels, to_images
from retrato.losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.networks.stylegan2 import Style, StyleGAN2Config, StyleGAN2Generator, Styles, in_every_layer, mix_styles
from retrato.shapes import Faces, Image, Pictures, Scalar
from retrato.training.augmentation import ADAPT_EVERY, AugmentationRecord, adapted, augment, draw_augmentation
from retrato.training.division import Division
from retrato.training.player import AdamConfig, Player
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.training.tasks.adversary import penalty_in_full_precision
from retrato.training.tasks.gfpgan import Precision
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
PREVIEW_PICTURES = 16
PREVIEW_TRUNCATION = 0.7


@dataclass(frozen=True)
class AugmentationConfig:
    """How strongly the discriminator's pictures are changed (Karras et al., 2020, limited data)."""

    target: float = 0.6
    """The mean sign of the discriminator's logits for real pictures that is held."""
    ramp_pictures: int = 500_000
    """After how many pictures the probability can have gone from 0 to 1."""


@dataclass(frozen=True)
class StyleGAN2TaskConfig:
    """What is trained, and how; weights as published."""

    network: StyleGAN2Config = field(default_factory=StyleGAN2Config)
    """Shape of the generator."""
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    """Shape of its adversary."""
    generator_learning: AdamConfig = field(default_factory=AdamConfig)
    """How the generator learns."""
    discriminator_learning: AdamConfig = field(default_factory=AdamConfig)
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


@dataclass(frozen=True)
class LatentRecord(Record):
    """All that chance decides about drawing pictures."""

    latents: Style
    others: Style
    """Of the finer layers, where styles are mixed."""
    cut: Int64[Tensor, " n"]
    """The first layer of the other style."""
    noise_seeds: Int64[Tensor, " n"]


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
        self.augmentation_probability = 0.0
        self._real_signs: list[Tensor] = []

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both sides."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Draw, judge, learn: the generator first, then the discriminator; path lengths and R1 now and then."""
        count = len(batch.pictures) * self.division.processes
        numbers = Numbers()
        latents = self._latents(rng, count)
        fakes: list[Faces] = []
        augmentations = [self._augmentation(rng, count) for _ in ("drawn", "drawn again", "real")]
        path_latents = self._latents(rng, count)

        def drawn_loss(part: int) -> Scalar:
            with self._mixed_precision():
                fake = self._draw(self.division.part(latents, part))
                with self.discriminator.frozen():
                    logits = self.discriminator.network(augment(fake, self.division.part(augmentations[0], part)))
            fakes.append(fake.detach())
            loss = generator_loss(logits)
            numbers.add({"loss/generator": loss})
            return loss + self._path_penalty(self.division.part(path_latents, part), iteration, numbers)

        parts = range(self.division.parts)
        numbers.add({"gradient": self.generator.minimize(map(drawn_loss, parts), iteration, decay)})
        real = self._mirrored_by_chance(batch.pictures, rng, count)

        def judged_loss(part: int) -> Scalar:
            with self._mixed_precision():
                fake = augment(fakes[part], self.division.part(augmentations[1], part))
                true = augment(self.division.part(real, part), self.division.part(augmentations[2], part))
                real_logits, fake_logits = self.discriminator.network(true), self.discriminator.network(fake)
            self._real_signs.append(real_logits.detach().sign().mean())
            loss = discriminator_loss(real_logits, fake_logits)
            numbers.add({"loss/discriminator": loss, "real_sign": self._real_signs[-1]})
            return loss + self._real_penalty(true, iteration)

        self.discriminator.minimize(map(judged_loss, parts), iteration, decay)
        self._adapt(iteration, count)
        numbers.add({"augmentation": torch.tensor(self.augmentation_probability)})
        return numbers.means()

    def _mixed_precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision is Precision.BF16)

    def _latents(self, rng: torch.Generator, count: int) -> LatentRecord:
        """This process's share of what is drawn for the whole batch."""
        size, layers = self.config.network.style_size, self.config.network.style_layers
        draws = Draws(rng, count)
        is_mixed = draws.happens(self.config.mixing_share)
        cut = torch.randint(1, layers, (count,), generator=rng)
        record = LatentRecord(
            latents=torch.randn(count, size, generator=rng),
            others=torch.randn(count, size, generator=rng),
            cut=torch.where(is_mixed, cut, layers),
            noise_seeds=draws.seeds(),
        )
        return self.division.share(record).to(self.device)

    def _augmentation(self, rng: torch.Generator, count: int) -> AugmentationRecord:
        return self.division.share(draw_augmentation(rng, count, self.augmentation_probability)).to(self.device)

    def _mirrored_by_chance(self, pictures: UInt8[Tensor, "n 3 s s"], rng: torch.Generator, count: int) -> Pictures:
        is_mirrored = self.division.share(torch.rand(count, generator=rng) < 0.5)
        chosen = torch.where(is_mirrored[:, None, None, None], pictures.flip(3), pictures)
        return from_levels(chosen.to(self.device)).contiguous(memory_format=torch.channels_last)

    def _styles(self, record: LatentRecord) -> Styles:
        layers = self.config.network.style_layers
        coarse, fine = (
            in_every_layer(self.generator.network.mapping(each), layers) for each in (record.latents, record.others)
        )
        return mix_styles(coarse, fine, record.cut)

    def _draw(self, record: LatentRecord) -> Faces:
        return self.generator.network(self._styles(record), noise_seeds=record.noise_seeds)

    def _path_penalty(self, latents: LatentRecord, iteration: int, numbers: Numbers) -> Scalar:
        """Path length regularisation now and then, on fewer pictures; in float32, as it is differentiated twice."""
        config = self.config
        if not config.path_weight or iteration % config.path_every:
            return self.mean_length.new_zeros(())
        few = latents[: max(1, len(latents.latents) // config.path_shrink)]
        with torch.autocast(self.device.type, enabled=False):
            styles = self._styles(few)
            pictures = self.generator.network(styles, noise_seeds=few.noise_seeds)
            lengths = path_lengths(pictures, styles, few.noise_seeds + 1)
            penalty, mean_length = path_length_penalty(lengths, self.mean_length)
        self.division.average([mean_length])
        self.mean_length = mean_length
        numbers.add({"path_length": mean_length})
        return config.path_weight * config.path_every * penalty

    def _real_penalty(self, real: Pictures, iteration: int) -> Scalar:
        """R1 now and then, at the pictures as the discriminator sees them."""
        config = self.config
        if not config.penalty_weight or iteration % config.penalty_every:
            return real.new_zeros(())
        penalty = penalty_in_full_precision(self.discriminator.network, real)
        return config.penalty_weight / 2 * config.penalty_every * penalty

    def _adapt(self, iteration: int, count: int) -> None:
        """More augmentation where the discriminator knows the real faces too well."""
        if not self.config.augmentation or (iteration + 1) % ADAPT_EVERY:
            return
        sign = torch.stack(self._real_signs).mean()
        self.division.average([sign])
        self._real_signs = []
        self.augmentation_probability = adapted(
            self.augmentation_probability,
            sign.item(),
            ADAPT_EVERY * count,
            self.config.augmentation.target,
            self.config.augmentation.ramp_pictures,
        )

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:  # noqa: ARG002
        """Faces of the averaged generator, a little truncated; always of the same latents."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        faces = draw_faces(self.generator.average, PREVIEW_PICTURES, rng, kept=PREVIEW_TRUNCATION)
        rows = faces.unflatten(0, (4, -1))  # (4, 4, 3, S, S)
        together = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
        return to_images(together[None])[0]

    def score(self, pictures: UInt8[Tensor, "n 3 s s"]) -> float | None:  # noqa: ARG002
        """None: no number of one batch says how good a generator is."""
        return None

    def state(self) -> dict[str, Any]:
        """Of both players, of path lengths, and of the augmentation."""
        return {
            **states(self.players),
            "mean_length": self.mean_length,
            "augmentation_probability": self.augmentation_probability,
            "real_signs": self._real_signs,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)
        self.mean_length = state["mean_length"].to(self.device)
        self.augmentation_probability = float(state["augmentation_probability"])
        self._real_signs = [each.to(self.device) for each in state["real_signs"]]

    def weights(self) -> StoredWeights:
        """The averaged generator."""
        return StoredWeights("stylegan2", config_fields(self.config.network), self.generator.average.state_dict(), {})
