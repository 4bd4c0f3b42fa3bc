"""A prior's first lessons: drawing faces it is shown, from the little that an encoder says of them.

A variational autoencoder (Kingma and Welling, 2014) whose decoder is StyleGAN2's generator. What it draws by itself is
soft, but a face, within minutes; the game against a discriminator (`tasks.stylegan2`) then starts from there rather
than from noise.
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
from retrato.images.tensors import from_levels, tiled
from retrato.losses import pixel_loss
from retrato.networks.encoder import FaceEncoder, drawn_latents, surprise
from retrato.networks.lpips import LPIPS
from retrato.networks.stylegan2 import Style, StyleGAN2Config, StyleGAN2Generator, in_every_layer
from retrato.precision import Precision
from retrato.shapes import Faces, Image, Pictures, Scalar
from retrato.training.division import Division
from retrato.training.player import AdamConfig, Player, total
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
    learning: AdamConfig = field(default_factory=AdamConfig)
    """Of the generator and the encoder together."""
    pixel_weight: float = 1.0
    """Of the mean difference of pixels."""
    perceptual_weight: float = 1.0
    """Of LPIPS."""
    surprise_weight: float = 3e-4
    """Of each nat that the encoder says. With more, faces are less like the ones it is shown; with less, faces that are
    drawn by chance are less like faces."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.network.mapping_layers < 1:
            raise ValueError("task.network.mapping_layers must be at least 1: a prior maps its latents")
        if min(self.pixel_weight, self.perceptual_weight, self.surprise_weight) < 0:
            raise ValueError("task.pixel_weight, task.perceptual_weight and task.surprise_weight must not be negative")
        if not self.pixel_weight + self.perceptual_weight:
            raise ValueError("task.pixel_weight and task.perceptual_weight must not both be 0")


@dataclass(frozen=True)
class AutoencoderRecord(Record):
    """All that chance decides in one step."""

    unit: Style
    noise_seeds: Int64[Tensor, " n"]
    is_mirrored: Bool[Tensor, " n"]


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
        style = self.generator.mapping(drawn_latents(mean, log_variance, unit))
        styles = in_every_layer(style, self.generator.config.style_layers)
        return self.generator(styles, noise_seeds=noise_seeds), surprise(mean, log_variance)


class AutoencoderTask:
    """Encoder and generator learn together to draw faces anew.

    The encoder normalises by batches, so here, as in DCGAN, it matters into what parts a batch is divided.
    """

    framing = Framing.SQUARE
    heavy_iterations = (0, 1)

    def __init__(
        self, config: AutoencoderTaskConfig, perceptual: LPIPS, device: torch.device, division: Division | None = None
    ) -> None:
        self.config = config
        self.device = device
        self.division = division or Division()
        self.perceptual = perceptual
        network = Autoencoder(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.autoencoder = Player(network, config.learning, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.network.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """Both halves are one."""
        return {"autoencoder": self.autoencoder}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Encode, draw, compare, learn."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(self._draw_record(rng, count)).to(self.device)
        real = from_levels(batch.pictures.to(self.device))
        numbers = Numbers()

        def loss_of(part: int) -> Scalar:
            losses = self._losses(self.division.part(real, part), self.division.part(record, part))
            numbers.add(losses, "loss/")
            return total(losses.values())

        norm = self.autoencoder.minimize(map(loss_of, range(self.division.parts)), iteration, decay)
        numbers.add({"gradient": norm})
        return numbers.means()

    def _losses(self, real: Faces, record: AutoencoderRecord) -> dict[str, Scalar]:
        config = self.config
        mirrored = torch.where(record.is_mirrored[:, None, None, None], real.flip(3), real)
        faces = mirrored.contiguous(memory_format=torch.channels_last)
        with config.precision.on(self.device):
            drawn, nats = self.autoencoder.network(faces, record.unit, record.noise_seeds)
            perceptual = self.perceptual(_large_enough(drawn), _large_enough(faces)).mean()
        return {
            "pixel": config.pixel_weight * pixel_loss(drawn, faces),
            "perceptual": config.perceptual_weight * perceptual,
            "surprise": config.surprise_weight * nats.mean(),
        }

    def _draw_record(self, rng: torch.Generator, count: int) -> AutoencoderRecord:
        """For the whole batch."""
        draws = Draws(rng, count)
        return AutoencoderRecord(
            unit=torch.randn(count, self.config.network.style_size, generator=rng),
            noise_seeds=draws.seeds(),
            is_mirrored=draws.happens(0.5),
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
        """Of both halves."""
        return states(self.players)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)

    def weights(self) -> StoredWeights:
        """The averaged generator; the encoder is of no more use."""
        generator = self.autoencoder.average.generator
        return StoredWeights("stylegan2", config_fields(self.config.network), generator.state_dict(), {})


def _large_enough(faces: Faces) -> Pictures:
    if faces.shape[-1] >= LPIPS_SIZE:
        return faces
    return F.interpolate(faces, (LPIPS_SIZE, LPIPS_SIZE), mode="bilinear", align_corners=False)
