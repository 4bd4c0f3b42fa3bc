"""The other side of GFP-GAN's game: a discriminator of faces, and one for each facial component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

import torch
from torch import Tensor

from retrato.losses import (
    discriminator_loss,
    generator_loss,
    paired_discriminator_loss,
    paired_generator_loss,
    style_loss,
)
from retrato.losses.components import Component, PlacesOfFaces, cut_component
from retrato.networks.component_discriminator import ComponentDiscriminator
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from retrato.networks.squeezenet import SqueezeNet
from retrato.shapes import Faces, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player
from retrato.training.regularization import is_due, real_penalty
from retrato.training.task import Numbers

STYLE_WEIGHTS = (0.5, 1.0)
"""Of the fine and the coarse features of a component, as published."""


@dataclass(frozen=True)
class AdversaryConfig:
    """Who judges the restorer, and how much that counts; weights and orders as published."""

    discriminator: DiscriminatorConfig | ProjectedDiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    """Shape of the face's discriminator: it learns to see by itself, as published, or looks through a trained network,
    which tells more after fewer faces."""
    learning: LearningConfig = field(
        default_factory=lambda: LearningConfig(4e-4, betas=(0.0, 0.99), largest_gradient=10.0)
    )
    """Of the face's discriminator."""
    component_learning: LearningConfig = field(
        default_factory=lambda: LearningConfig(4e-4, betas=(0.0, 0.99), largest_gradient=10.0)
    )
    """Of the components' discriminators."""
    component_channels: int = 64
    """Width of the components' discriminators."""
    paired: bool = False
    """Whether each restored face is compared with its own target, rather than judged by itself as published."""
    first_iteration: int = 0
    """Until then the restorer learns alone."""
    face_weight: float = 0.1
    """What it counts for the restorer that its faces look real."""
    component_weight: float = 1.0
    """What it counts that its eyes and mouths do; 0 does without their discriminators."""
    style_weight: float = 200.0
    """What it counts that eyes and mouths have the textures of the target's."""
    penalty_weight: float = 10.0
    """Of R1; halved, and applied the more the less often it is computed, as published."""
    penalty_every: int = 16
    """Iterations between two penalties."""

    def __post_init__(self) -> None:
        """Refuse numbers that are none of their kind."""
        if self.penalty_every < 1 or self.component_channels < 1:
            raise ValueError(f"penalty_every and component_channels must be at least 1, found {self}")

    @property
    def is_projected(self) -> bool:
        """Whether the face's discriminator looks through a trained network."""
        return isinstance(self.discriminator, ProjectedDiscriminatorConfig)


FaceDiscriminator = Discriminator | ProjectedDiscriminator

Seen = tuple[Faces, Faces, PlacesOfFaces]
"""Restored faces, without a gradient; their targets; where eyes and mouth are."""


class Adversary:
    """Discriminators of the face, the eyes and the mouth, which learn to tell restored from real ones."""

    def __init__(
        self,
        config: AdversaryConfig,
        device: torch.device,
        division: Division | None = None,
        trunk: SqueezeNet | None = None,
    ) -> None:
        """Begin with weights by chance.

        Args:
            config: who judges.
            device: where to compute.
            division: how batches are divided.
            trunk: what a projected discriminator looks through.
        """
        self.config = config
        self.face = Player(_face_discriminator(config.discriminator, trunk).to(device), config.learning, division)
        self.components = {
            each: Player(
                ComponentDiscriminator(config.component_channels).to(device), config.component_learning, division
            )
            for each in Component
            if config.component_weight or config.style_weight
        }

    @property
    def players(self) -> Mapping[str, Player[FaceDiscriminator] | Player[ComponentDiscriminator]]:
        """By name."""
        return {"face": self.face, **{str(name): player for name, player in self.components.items()}}

    def restorer_losses(self, restored: Faces, target: Faces, places: PlacesOfFaces) -> dict[str, Scalar]:
        """What the restorer should make smaller, weighted."""
        config = self.config
        with torch.no_grad():
            target_logits = self.face.network(target)
        with self.face.frozen():
            losses = {"adversarial": config.face_weight * self._fooled(self.face.network(restored), target_logits)}
        component_losses, style_losses = [], []
        for component, player in self.components.items():
            with player.frozen():
                logits, features = player.network(cut_component(restored, component, places))
                with torch.no_grad():
                    target_logits, target_features = player.network(cut_component(target, component, places))
            component_losses.append(self._fooled(logits, target_logits))
            style_losses.append(style_loss(features, target_features, STYLE_WEIGHTS))
        if self.components:
            losses["component"] = config.component_weight * torch.stack(component_losses).sum()
            losses["component_style"] = config.style_weight * torch.stack(style_losses).sum()
        return losses

    def learn(self, seen: Sequence[Seen], iteration: int, decay: float) -> dict[str, Tensor]:
        """One step of every discriminator, from all parts of a batch.

        Args:
            seen: of each part.
            iteration: from 0.
            decay: of the learning rate.
        """
        iteration -= self.config.first_iteration  # their warm-up begins when they do
        numbers = Numbers()

        def face_loss(part: Seen) -> Scalar:
            restored, target, _ = part
            loss = self._told_apart(self.face.network(target), self.face.network(restored))
            numbers.add({"discriminator/face": loss})
            return loss + self._penalty(target, iteration)

        self.face.minimize(map(face_loss, seen), iteration, decay)
        for component, player in self.components.items():
            losses = (self._component_loss(component, part, numbers) for part in seen)
            player.minimize(losses, iteration, decay)
        return numbers.means()

    def _fooled(self, fake_logits: Tensor, real_logits: Tensor) -> Scalar:
        """What the restorer makes smaller."""
        return paired_generator_loss(fake_logits, real_logits) if self.config.paired else generator_loss(fake_logits)

    def _told_apart(self, real_logits: Tensor, fake_logits: Tensor) -> Scalar:
        """What the discriminators make smaller."""
        if self.config.paired:
            return paired_discriminator_loss(real_logits, fake_logits)
        return discriminator_loss(real_logits, fake_logits)

    def _component_loss(self, component: Component, part: Seen, numbers: Numbers) -> Scalar:
        restored, target, places = part
        network = self.components[component].network
        real, _ = network(cut_component(target, component, places))
        fake, _ = network(cut_component(restored, component, places))
        loss = self._told_apart(real, fake)
        numbers.add({f"discriminator/{component}": loss})
        return loss

    def _penalty(self, target: Faces, iteration: int) -> Scalar:
        """R1 now and then."""
        config = self.config
        if not is_due(iteration, config.penalty_every, config.penalty_weight):
            return target.new_zeros(())
        return config.penalty_weight / 2 * config.penalty_every * real_penalty(self.face.network, target)


def _face_discriminator(
    config: DiscriminatorConfig | ProjectedDiscriminatorConfig, trunk: SqueezeNet | None
) -> FaceDiscriminator:
    match config:
        case DiscriminatorConfig():
            return Discriminator(config)
        case ProjectedDiscriminatorConfig():
            assert trunk is not None
            return ProjectedDiscriminator(trunk, config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        case _:
            assert_never(config)
