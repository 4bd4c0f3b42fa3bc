"""The other side of GFP-GAN's game: a discriminator of faces, and one for each facial component."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from retrato.losses import discriminator_loss, generator_loss, gradient_penalty, style_loss
from retrato.losses.components import Component, cut_component
from retrato.networks.component_discriminator import ComponentDiscriminator
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.shapes import Faces, Scalar
from retrato.training.player import AdamConfig, Player

STYLE_WEIGHTS = (0.5, 1.0)
"""Of the fine and the coarse features of a component, as published."""


@dataclass(frozen=True)
class AdversaryConfig:
    """Who judges the restorer, and how much that counts; weights and orders as published."""

    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    learning: AdamConfig = field(default_factory=lambda: AdamConfig(betas=(0.0, 0.99), largest_gradient=10.0))
    """Of all discriminators."""
    component_channels: int = 64
    """Width of the components' discriminators."""
    first_iteration: int = 0
    """Until then the restorer learns alone."""
    face_weight: float = 0.1
    """What it counts for the restorer that its faces look real."""
    component_weight: float = 1.0
    """What it counts that its eyes and mouths do."""
    style_weight: float = 200.0
    """What it counts that eyes and mouths have the textures of the target's."""
    penalty_weight: float = 10.0
    """Of R1; halved, and applied the more the less often it is computed, as published."""
    penalty_every: int = 16
    """Iterations between two penalties."""


class Adversary:
    """Four discriminators that learn to tell restored faces from real ones."""

    def __init__(self, config: AdversaryConfig, device: torch.device) -> None:
        self.config = config
        self.face = Player(Discriminator(config.discriminator).to(device), config.learning)
        self.components = {
            each: Player(ComponentDiscriminator(config.component_channels).to(device), config.learning)
            for each in Component
        }

    @property
    def players(self) -> Mapping[str, Player[Discriminator] | Player[ComponentDiscriminator]]:
        """By name."""
        return {"face": self.face, **{str(name): player for name, player in self.components.items()}}

    def restorer_losses(self, restored: Faces, target: Faces) -> dict[str, Scalar]:
        """What the restorer should make smaller, weighted."""
        config = self.config
        with self.face.frozen():
            losses = {"adversarial": config.face_weight * generator_loss(self.face.network(restored))}
        component_losses, style_losses = [], []
        for component, player in self.components.items():
            with player.frozen():
                logits, features = player.network(cut_component(restored, component))
                with torch.no_grad():
                    _, target_features = player.network(cut_component(target, component))
            component_losses.append(generator_loss(logits))
            style_losses.append(style_loss(features, target_features, STYLE_WEIGHTS))
        losses["component"] = config.component_weight * torch.stack(component_losses).sum()
        losses["component_style"] = config.style_weight * torch.stack(style_losses).sum()
        return losses

    def learn(self, restored: Faces, target: Faces, iteration: int, decay: float) -> dict[str, Tensor]:
        """One step of every discriminator.

        Args:
            restored: detached from the restorer.
            target: what real faces look like.
            iteration: from 0.
            decay: of the learning rate.
        """
        iteration -= self.config.first_iteration  # their warm-up begins when they do
        network = self.face.network
        face_loss = discriminator_loss(network(target), network(restored))
        self.face.minimize(face_loss + self._penalty(target, iteration), iteration, decay)
        numbers = {"discriminator/face": face_loss.detach()}
        for component, player in self.components.items():
            real, _ = player.network(cut_component(target, component))
            fake, _ = player.network(cut_component(restored, component))
            loss = discriminator_loss(real, fake)
            player.minimize(loss, iteration, decay)
            numbers[f"discriminator/{component}"] = loss.detach()
        return numbers

    def _penalty(self, target: Faces, iteration: int) -> Scalar:
        """R1, in float32: its second derivatives are too small for bf16."""
        if iteration % self.config.penalty_every:
            return target.new_zeros(())
        with torch.autocast(target.device.type, enabled=False):
            real = target.detach().float().requires_grad_()
            penalty = gradient_penalty(self.face.network(real), real)
        return self.config.penalty_weight / 2 * self.config.penalty_every * penalty
