"""Forger and police: the two-player game of Goodfellow et al. (2014), section 3, on points.

The police say how likely a point is real, and make V(D, G) = E log D(x) + E log(1 - D(G(z))) large; the forger turns
noise into points, and makes it small. Where neither can do better, the forger's points are distributed as the real
ones, D is 1/2 everywhere, and V is -log 4 (theorem 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from retrato.classroom.distributions import Distribution, Points
from retrato.losses import discriminator_loss, generator_loss, gradient_penalty, saturating_generator_loss
from retrato.shapes import PerPicture, Scalar
from retrato.training.player import LearningConfig, Player

SHOWN_POINTS = 1000


@dataclass(frozen=True)
class MinMaxConfig:
    """Both sides, and how they play."""

    distribution: Distribution = Distribution.RING
    saturating: bool = False
    """Whether the forger minimises V itself, instead of maximising log D(G(z)), which section 3 advises."""
    penalty_weight: float = 0.0
    """Of R1 (Mescheder et al., 2018), halved: how steep the police may be at real points."""
    police_steps: int = 1
    """Of the police for one of the forger, the paper's k."""
    width: int = 64
    """Of both networks' hidden layers."""
    latent_size: int = 4
    """How many numbers of noise a point is made of."""
    batch_size: int = 256
    learning: LearningConfig = field(
        default_factory=lambda: LearningConfig(
            2e-3, betas=(0.5, 0.999), warmup_iterations=0, largest_gradient=None, average_decay=0.0
        )
    )
    iterations: int = 3000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a game that is none."""
        counts = (self.police_steps, self.width, self.latent_size, self.batch_size, self.iterations)
        if min(counts) < 1 or self.penalty_weight < 0:
            raise ValueError(f"a game needs counts of at least 1 and no negative penalty, found {self}")


@dataclass(frozen=True)
class Scene:
    """Where the game is."""

    iteration: int
    value: float
    """V(D, G), on average since the last scene."""
    forger_loss: float
    """What the forger made smaller, on average since the last scene."""
    forged: Points
    """Of the same noise in every scene."""


class MinMaxGame:
    """Both players, and their turns."""

    def __init__(self, config: MinMaxConfig) -> None:
        self.config = config
        self.rng = torch.Generator().manual_seed(config.seed)
        dimensions = config.distribution.dimensions
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)  # of the weights that they begin with
            self.forger = Player(layers(config.latent_size, config.width, dimensions), config.learning)
            self.police = Player(layers(dimensions, config.width, 1), config.learning)
        self._shown_noise = torch.randn(SHOWN_POINTS, config.latent_size, generator=self.rng)

    def play(self, scene_every: int = 40) -> Iterator[Scene]:
        """Play all iterations; a scene before the first, and then every so many."""
        value, loss = self._judged()
        yield Scene(0, value.item(), loss.item(), self.forged())
        seen: list[tuple[Tensor, Tensor]] = []
        for iteration in range(self.config.iterations):
            seen.append(self.turn(iteration))
            if (iteration + 1) % scene_every == 0:
                values, losses = zip(*seen, strict=True)
                yield Scene(
                    iteration + 1, torch.stack(values).mean().item(), torch.stack(losses).mean().item(), self.forged()
                )
                seen.clear()

    def turn(self, iteration: int) -> tuple[Scalar, Scalar]:
        """Algorithm 1: the police learn, then the forger; V and the forger's loss."""
        for _ in range(self.config.police_steps):
            real, fake = self._real(), self.forger.network(self._noise()).detach()
            value = self.value(real, fake)
            self.police.minimize([-value + self.config.penalty_weight / 2 * self._penalty(real)], iteration)
        with self.police.frozen():
            loss = self._forger_loss(self.police.network(self.forger.network(self._noise())))
            self.forger.minimize([loss], iteration)
        return value.detach(), loss.detach()

    def value(self, real: Points, fake: Points) -> Scalar:
        """V(D, G), equation 1: 0 at most, where the police are always right, and -log 4 where they guess."""
        return -discriminator_loss(self.police.network(real), self.police.network(fake))

    @torch.no_grad()
    def forged(self) -> Points:
        """Points of the same noise every time."""
        points: Points = self.forger.network(self._shown_noise)
        return points

    @torch.no_grad()
    def is_real(self, points: Points) -> PerPicture:
        """D: how likely the police think it that each point is real, 0 to 1."""
        return torch.sigmoid(self.police.network(points))[:, 0]

    def _forger_loss(self, fake_logits: Tensor) -> Scalar:
        return (saturating_generator_loss if self.config.saturating else generator_loss)(fake_logits)

    def _penalty(self, real: Points) -> Scalar:
        if not self.config.penalty_weight:
            return real.new_zeros(())
        real = real.requires_grad_()
        return gradient_penalty(self.police.network(real), real)

    @torch.no_grad()
    def _judged(self) -> tuple[Scalar, Scalar]:
        fake = self.forged()
        real = self.config.distribution.draw(self.rng, len(fake))
        return self.value(real, fake), self._forger_loss(self.police.network(fake))

    def _real(self) -> Points:
        return self.config.distribution.draw(self.rng, self.config.batch_size)

    def _noise(self) -> Points:
        return torch.randn(self.config.batch_size, self.config.latent_size, generator=self.rng)


def layers(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )
