"""Training DCGAN (Radford et al., 2016): noise in, pictures out, against a discriminator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.generation import draw_latents
from retrato.images.tensors import from_levels, tiled
from retrato.losses import discriminator_loss, generator_loss
from retrato.networks.dcgan import DCGAN, DCGANConfig, DCGANDiscriminator, DCGANDiscriminatorConfig
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
PREVIEW_COLUMNS = 8


@dataclass(frozen=True)
class DCGANTaskConfig:
    """What is trained, and how."""

    network: DCGANConfig = field(default_factory=DCGANConfig)
    """Shape of the generator."""
    discriminator: DCGANDiscriminatorConfig = field(default_factory=DCGANDiscriminatorConfig)
    """Shape of its adversary."""
    generator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How the generator learns."""
    discriminator_learning: LearningConfig = field(default_factory=LearningConfig)
    """How its adversary does."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.discriminator.image_size != self.network.image_size:
            sizes = f"{self.discriminator.image_size}, and the generator's {self.network.image_size}"
            raise ValueError(f"task.discriminator.image_size is {sizes}")


class DCGANTask:
    """The generator learns to draw pictures that the discriminator takes for real ones.

    Both normalise by batches, so here, unlike elsewhere, it matters into what parts a batch is divided.
    """

    framing = Framing.MIDDLE
    heavy_iterations = (0, 1)

    def __init__(self, config: DCGANTaskConfig, device: torch.device, division: Division | None = None) -> None:
        self.config = config
        self.device = device
        self.division = division or Division()
        generator = DCGAN(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = Player(generator, config.generator_learning, self.division)
        discriminator = DCGANDiscriminator(config.discriminator).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = Player(discriminator, config.discriminator_learning, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the pictures."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both sides."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Draw, judge, learn: the generator first, then the discriminator."""
        count = len(batch.pictures) * self.division.processes
        latents = self.division.share(draw_latents(self.generator.network, count, rng)).to(self.device)
        real = from_levels(batch.pictures.to(self.device))
        parts = range(self.division.parts)
        fakes: list[Faces] = []
        numbers = Numbers()

        def generator_part(part: int) -> Scalar:
            with self.config.precision.on(self.device), self.discriminator.frozen():
                fake = self.generator.network(self.division.part(latents, part))
                loss = generator_loss(self.discriminator.network(fake))
            fakes.append(fake.detach())
            numbers.add({"loss/generator": loss})
            return loss

        def discriminator_part(part: int) -> Scalar:
            with self.config.precision.on(self.device):  # normalised separately, lest the batch's mean tell them apart
                real_logits = self.discriminator.network(self.division.part(real, part))
                fake_logits = self.discriminator.network(fakes[part])
                loss = discriminator_loss(real_logits, fake_logits)
            numbers.add({"loss/discriminator": loss, "real_sign": real_logits.sign().mean()})
            return loss

        norm = self.generator.minimize(map(generator_part, parts), iteration, decay)
        self.discriminator.minimize(map(discriminator_part, parts), iteration, decay)
        numbers.add({"gradient": norm})
        return numbers.means()

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> Image:  # noqa: ARG002
        """Drawn pictures, always of the same latents."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        latents = draw_latents(self.generator.average, PREVIEW_COLUMNS**2, rng).to(self.device)
        return tiled(self.generator.average(latents), PREVIEW_COLUMNS)

    def score(self, pictures: UInt8[Tensor, "n 3 s wide"]) -> float | None:  # noqa: ARG002
        """None: no number of one batch says how good a generator is."""
        return None

    def state(self) -> dict[str, Any]:
        """Of both players."""
        return states(self.players)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)

    def weights(self) -> StoredWeights:
        """The generator."""
        return StoredWeights("dcgan", config_fields(self.config.network), self.generator.average.state_dict(), {})
