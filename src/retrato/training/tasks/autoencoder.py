"""A prior for few pictures and little time: it draws what it is shown, from the little that an encoder says of it.

A variational autoencoder (Kingma and Welling, 2014) whose decoder is StyleGAN2's generator, and whose faces drawn by
chance a discriminator judges (Larsen et al., 2016, Autoencoding beyond pixels). Shown every face, it forgets none, and
it draws faces within minutes; judged, it draws them sharp.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor, nn

from retrato.data import FaceBatch, Framing
from retrato.degradation.draws import Draws, Record
from retrato.generation import draw_faces
from retrato.images.tensors import from_levels, mirrored_where, tiled
from retrato.losses import discriminator_loss, generator_loss, pixel_loss
from retrato.networks.encoder import FaceEncoder, drawn_latents, surprise
from retrato.networks.lpips import LPIPS
from retrato.networks.modulation import Style
from retrato.networks.projected_discriminator import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from retrato.networks.squeezenet import SqueezeNet
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator, in_every_layer
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Pictures, Scalar
from retrato.training.adaptive import AdaptiveAugmentation, AugmentationConfig
from retrato.training.augmentation import AugmentationRecord, augment, draw_augmentation
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player, total
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
LPIPS_SIZE = 128
"""Smaller faces are enlarged to this for LPIPS, which saw photographs of 64 px and more."""


@dataclass(frozen=True)
class AutoencoderTaskConfig:
    """What is trained, and how."""

    network: StyleGAN2Config = field(default_factory=StyleGAN2Config)
    """Shape of the generator."""
    learning: LearningConfig = field(default_factory=LearningConfig)
    """Of the generator and the encoder together."""
    pixel_weight: float = 1.0
    """Of the mean difference of pixels."""
    perceptual_weight: float = 1.0
    """Of LPIPS."""
    surprise_weight: float = 3e-4
    """Of each nat that the encoder says. With more, faces are less like the ones it is shown; with less, faces that are
    drawn by chance are less like faces."""
    discriminator: ProjectedDiscriminatorConfig = field(default_factory=ProjectedDiscriminatorConfig)
    """Shape of the adversary."""
    discriminator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How it learns."""
    adversarial_weight: float = 0.05
    """What it counts that faces drawn by chance look real; 0 does without the adversary."""
    first_adversarial_iteration: int = 0
    """Until then there is none."""
    augmentation: AugmentationConfig | None = None
    """For few pictures, some thousand; none where there are many."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.network.mapping_layers < 1:
            raise ValueError("task.network.mapping_layers must be at least 1: a prior maps its latents")
        if min(self.pixel_weight, self.perceptual_weight, self.surprise_weight, self.adversarial_weight) < 0:
            raise ValueError(
                "task.pixel_weight, task.perceptual_weight, task.surprise_weight and task.adversarial_weight must not "
                "be negative"
            )
        if self.discriminator_learning.equalized:
            raise ValueError("task.discriminator_learning.equalized must be false: its weights are normalised already")
        if not self.pixel_weight + self.perceptual_weight:
            raise ValueError("task.pixel_weight and task.perceptual_weight must not both be 0")


@dataclass(frozen=True)
class AutoencoderRecord(Record):
    """All that chance decides in one step."""

    unit: Style
    noise_seeds: Int64[Tensor, " n"]
    is_mirrored: Bool[Tensor, " n"]
    latents: Style
    """Of faces drawn by chance."""
    latent_noise_seeds: Int64[Tensor, " n"]
    drawn_changed: AugmentationRecord
    """For the generator's loss."""
    drawn_changed_again: AugmentationRecord
    """For the discriminator's."""
    real_changed: AugmentationRecord


class Autoencoder(nn.Module):
    """Both halves."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.encoder = FaceEncoder(config)
        self.generator = StyleGAN2Generator(config)

    def forward(
        self, faces: Faces, unit: Style, noise_seeds: Int64[Tensor, " n"] | None = None
    ) -> tuple[Faces, Float[Tensor, " n"]]:
        """The faces drawn anew, and how many nats each took."""
        mean, log_variance = self.encoder(faces)
        drawn = self.draw(drawn_latents(mean, log_variance, unit), noise_seeds)
        return drawn, surprise(mean, log_variance)

    def draw(self, latents: Style, noise_seeds: Int64[Tensor, " n"] | None = None) -> Faces:
        """A face for each latent."""
        styles = in_every_layer(self.generator.mapping(latents), self.generator.config.style_layers)
        return self.generator(styles, noise_seeds=noise_seeds)


class AutoencoderTask:
    """Encoder and generator learn together to draw faces anew, and the generator to draw others that look real.

    The encoder normalises by batches, so here, as in DCGAN, it matters into what parts a batch is divided.
    """

    framing = Framing.SQUARE
    heavy_iterations = (0, 1)

    def __init__(
        self, config: AutoencoderTaskConfig, perceptual: LPIPS, device: torch.device, division: Division | None = None
    ) -> None:
        """Begin with weights by chance.

        Args:
            config: what is trained, and how.
            perceptual: LPIPS on SqueezeNet, through which the adversary looks as well.
            device: where networks compute.
            division: of batches.
        """
        self.config = config
        self.device = device
        self.division = division or Division()
        self.perceptual = perceptual
        network = Autoencoder(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.autoencoder = Player(network, config.learning, self.division)
        assert isinstance(perceptual.trunk, SqueezeNet)
        adversary = ProjectedDiscriminator(perceptual.trunk, config.discriminator)
        adversary = adversary.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = Player(adversary, config.discriminator_learning, self.division)
        self.augmentation = AdaptiveAugmentation(config.augmentation, device, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both halves are one; and their adversary."""
        return {"autoencoder": self.autoencoder, "discriminator": self.discriminator}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Encode, draw, compare, learn; then the adversary, if it has joined."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(self._draw_record(rng, count)).to(self.device)
        real = mirrored_where(from_levels(batch.pictures.to(self.device)), record.is_mirrored)
        real = real.contiguous(memory_format=torch.channels_last)
        parts = [
            (self.division.part(real, part), self.division.part(record, part)) for part in range(self.division.parts)
        ]
        is_judged = self.config.adversarial_weight > 0 and iteration >= self.config.first_adversarial_iteration
        numbers = Numbers()
        fakes: list[Faces] = []

        def drawn_part(part: tuple[Faces, AutoencoderRecord]) -> Scalar:
            losses = self._drawing_losses(*part)
            if is_judged:
                fake, losses["adversarial"] = self._adversarial_loss(part[1])
                fakes.append(fake.detach())
            numbers.add(losses, "loss/")
            return total(losses.values())

        def judged_part(part: tuple[Faces, AutoencoderRecord], fake: Faces) -> Scalar:
            loss = self._judging_loss(*part, fake)
            numbers.add({"loss/discriminator": loss})
            return loss

        numbers.add({"gradient": self.autoencoder.minimize(map(drawn_part, parts), iteration, decay)})
        if is_judged:
            age = iteration - self.config.first_adversarial_iteration
            self.discriminator.minimize(map(judged_part, parts, fakes), age, decay)
            numbers.add(self.augmentation.numbers())
            self.augmentation.adapt(iteration, count)
        return numbers.means()

    def _drawing_losses(self, faces: Faces, record: AutoencoderRecord) -> dict[str, Scalar]:
        config = self.config
        with config.precision.on(self.device):
            drawn, nats = self.autoencoder.network(faces, record.unit, record.noise_seeds)
            perceptual = self.perceptual(_large_enough(drawn), _large_enough(faces)).mean()
        return {
            "pixel": config.pixel_weight * pixel_loss(drawn, faces),
            "perceptual": config.perceptual_weight * perceptual,
            "surprise": config.surprise_weight * nats.mean(),
        }

    def _adversarial_loss(self, record: AutoencoderRecord) -> tuple[Faces, Scalar]:
        with self.config.precision.on(self.device):
            fake = self.autoencoder.network.draw(record.latents, record.latent_noise_seeds)
            with self.discriminator.frozen():
                logits = self.discriminator.network(augment(fake, record.drawn_changed))
        return fake, self.config.adversarial_weight * generator_loss(logits)

    def _judging_loss(self, real: Faces, record: AutoencoderRecord, fake: Faces) -> Scalar:
        with self.config.precision.on(self.device):
            real_logits = self.discriminator.network(augment(real, record.real_changed))
            fake_logits = self.discriminator.network(augment(fake, record.drawn_changed_again))
        self.augmentation.follow(real_logits)
        return discriminator_loss(real_logits, fake_logits)

    def _draw_record(self, rng: torch.Generator, count: int) -> AutoencoderRecord:
        """For the whole batch."""
        draws, size = Draws(rng, count), self.config.network.style_size
        probability = self.augmentation.probability
        return AutoencoderRecord(
            unit=torch.randn(count, size, generator=rng),
            noise_seeds=draws.seeds(),
            is_mirrored=draws.happens(0.5),
            latents=torch.randn(count, size, generator=rng),
            latent_noise_seeds=draws.seeds(),
            drawn_changed=draw_augmentation(rng, count, probability),
            drawn_changed_again=draw_augmentation(rng, count, probability),
            real_changed=draw_augmentation(rng, count, probability),
        )

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:
        """Rows of faces, of the same drawn anew, and of faces drawn by chance."""
        average = self.autoencoder.average
        faces = from_levels(pictures.to(self.device))
        drawn, _ = average(faces, self._no_chance(faces))
        by_chance = draw_faces(average.generator, len(faces), torch.Generator().manual_seed(PREVIEW_SEED), kept=1.0)
        return tiled(torch.cat([faces.cpu(), drawn.cpu().clamp(-1, 1), by_chance]), len(faces))

    @torch.no_grad()
    def score(self, pictures: UInt8[Tensor, "n 3 s s"]) -> float | None:
        """LPIPS of faces that were not learned, drawn anew."""
        faces = from_levels(pictures.to(self.device))
        drawn, _ = self.autoencoder.average(faces, self._no_chance(faces))
        return self.perceptual(_large_enough(drawn), _large_enough(faces)).mean().item()

    def _no_chance(self, faces: Faces) -> Style:
        return faces.new_zeros(len(faces), self.config.network.style_size)

    def state(self) -> dict[str, Any]:
        """Of both players, and of the augmentation."""
        return {**states(self.players), "augmentation": self.augmentation.state()}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)
        self.augmentation.resume(state["augmentation"])

    def weights(self) -> StoredWeights:
        """The averaged generator; the encoder is of no more use."""
        generator = self.autoencoder.average.generator
        return StoredWeights("stylegan2", config_fields(self.config.network), generator.state_dict(), {})


def _large_enough(faces: Faces) -> Pictures:
    if faces.shape[-1] >= LPIPS_SIZE:
        return faces
    return F.interpolate(faces, (LPIPS_SIZE, LPIPS_SIZE), mode="bilinear", align_corners=False)
