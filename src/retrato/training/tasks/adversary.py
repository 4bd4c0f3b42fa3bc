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
from retrato.networks.component_discriminator import ComponentDiscriminator, ComponentDiscriminatorConfig
from retrato.networks.discriminator import Discriminator, DiscriminatorConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from retrato.networks.squeezenet import SqueezeNet
from retrato.shapes import Faces, Features, Pictures, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player
from retrato.training.regularization import is_due, real_penalty
from retrato.training.task import Numbers

FACE = "face"
STYLE_WEIGHTS = (0.5, 1.0)
"""Of the fine and the coarse features of a component, as published."""


AnyShape = DiscriminatorConfig | ComponentDiscriminatorConfig | ProjectedDiscriminatorConfig
AnyDiscriminator = Discriminator | ComponentDiscriminator | ProjectedDiscriminator


@dataclass(frozen=True)
class AdversaryConfig:
    """Who judges the restorer, and how much that counts; weights and orders as published.

    Each discriminator learns to see by itself, as published, or looks through a trained network, which tells more after
    fewer faces.
    """

    discriminator: DiscriminatorConfig | ProjectedDiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    """Shape of the face's discriminator."""
    component_discriminator: ComponentDiscriminatorConfig | ProjectedDiscriminatorConfig = field(
        default_factory=ComponentDiscriminatorConfig
    )
    """Shape of the eyes' and the mouth's."""
    learning: LearningConfig = field(
        default_factory=lambda: LearningConfig(4e-4, betas=(0.0, 0.99), largest_gradient=10.0)
    )
    """Of the face's discriminator."""
    component_learning: LearningConfig = field(
        default_factory=lambda: LearningConfig(4e-4, betas=(0.0, 0.99), largest_gradient=10.0)
    )
    """Of the components' discriminators."""
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
        if self.penalty_every < 1:
            raise ValueError(f"penalty_every must be at least 1, found {self.penalty_every}")

    @property
    def is_projected(self) -> bool:
        """Whether any discriminator looks through a trained network."""
        return any(
            isinstance(each, ProjectedDiscriminatorConfig)
            for each in (self.discriminator, self.component_discriminator)
        )

    def require_whole(self, image_size: int) -> None:
        """Check that the parts fit together, and faces of a size.

        Raises:
            ValueError: they do not.
        """
        match self.discriminator:
            case DiscriminatorConfig(image_size=found) if found != image_size:
                raise ValueError(
                    f"task.adversary.discriminator.image_size is {found}, and the faces have {image_size} px"
                )
            case ProjectedDiscriminatorConfig() if self.penalty_weight:
                raise ValueError(
                    "task.adversary.penalty_weight must be 0: "
                    "the slopes of a projected discriminator are bounded already"
                )
        for kind, shape, learning in (
            ("", self.discriminator, self.learning),
            ("component_", self.component_discriminator, self.component_learning),
        ):
            if isinstance(shape, ProjectedDiscriminatorConfig) and learning.equalized:
                raise ValueError(
                    f"task.adversary.{kind}learning.equalized must be false: "
                    "a projected discriminator is normalised already"
                )


Looks = list[Features]
"""What a discriminator judges by: what a trained network sees of pictures, or the pictures themselves."""
Seen = Mapping[str, tuple[Looks, Looks]]
"""By discriminator: its looks at restored faces, without a gradient, and at their targets."""


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
            trunk: what projected discriminators look through.
        """
        self.config = config

        def player(shape: AnyShape, learning: LearningConfig) -> Player[AnyDiscriminator]:
            return Player(_discriminator(shape, trunk).to(device), learning, division)

        self.players: Mapping[str, Player[AnyDiscriminator]] = {
            FACE: player(config.discriminator, config.learning),
            **{
                str(each): player(config.component_discriminator, config.component_learning)
                for each in Component
                if config.component_weight or config.style_weight
            },
        }
        """By name."""

    def restorer_losses(self, restored: Faces, target: Faces, places: PlacesOfFaces) -> tuple[dict[str, Scalar], Seen]:
        """What the restorer should make smaller, weighted, and what the discriminators are going to learn from."""
        seen: dict[str, tuple[Looks, Looks]] = {}
        fooled, styles = {}, []
        for name, player in self.players.items():
            looks = _looks(player.network, _shown(restored, name, places))
            with torch.no_grad():
                real_looks = _looks(player.network, _shown(target, name, places))
                real_logits, real_textures = _judged(player.network, real_looks)
            with player.frozen():
                logits, textures = _judged(player.network, looks)
            fooled[name] = self._fooled(logits, real_logits)
            if name != FACE:
                styles.append(style_loss(textures, real_textures, STYLE_WEIGHTS))
            seen[name] = [each.detach() for each in looks], real_looks
        losses = {"adversarial": self.config.face_weight * fooled.pop(FACE)}
        if styles:
            losses["component"] = self.config.component_weight * torch.stack(list(fooled.values())).sum()
            losses["component_style"] = self.config.style_weight * torch.stack(styles).sum()
        return losses, seen

    def learn(self, seen: Sequence[Seen], iteration: int, decay: float) -> dict[str, Tensor]:
        """One step of every discriminator, from all parts of a batch.

        Args:
            seen: of each part.
            iteration: from 0.
            decay: of the learning rate.
        """
        iteration -= self.config.first_iteration  # their warm-up begins when they do
        numbers = Numbers()
        for name, player in self.players.items():
            losses = (self._discriminator_loss(name, *part[name], iteration, numbers) for part in seen)
            player.minimize(losses, iteration, decay)
        return numbers.means()

    def _fooled(self, fake_logits: Tensor, real_logits: Tensor) -> Scalar:
        """What the restorer makes smaller."""
        return paired_generator_loss(fake_logits, real_logits) if self.config.paired else generator_loss(fake_logits)

    def _discriminator_loss(
        self, name: str, looks: Looks, real_looks: Looks, iteration: int, numbers: Numbers
    ) -> Scalar:
        """What the discriminators make smaller."""
        network = self.players[name].network
        real_logits, _ = _judged(network, real_looks)
        fake_logits, _ = _judged(network, looks)
        tell_apart = paired_discriminator_loss if self.config.paired else discriminator_loss
        loss = tell_apart(real_logits, fake_logits)
        numbers.add({f"discriminator/{name}": loss})
        return loss + self._penalty(real_looks, iteration) if name == FACE else loss

    def _penalty(self, real_looks: Looks, iteration: int) -> Scalar:
        """R1 of the face's discriminator, now and then."""
        config = self.config
        if not is_due(iteration, config.penalty_every, config.penalty_weight):
            return real_looks[0].new_zeros(())
        return config.penalty_weight / 2 * config.penalty_every * real_penalty(self.players[FACE].network, *real_looks)


def _discriminator(shape: AnyShape, trunk: SqueezeNet | None) -> AnyDiscriminator:
    match shape:
        case DiscriminatorConfig():
            return Discriminator(shape)
        case ComponentDiscriminatorConfig():
            return ComponentDiscriminator(shape)
        case ProjectedDiscriminatorConfig():
            assert trunk is not None
            return ProjectedDiscriminator(trunk, shape).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        case _:
            assert_never(shape)


def _shown(faces: Faces, name: str, places: PlacesOfFaces) -> Pictures:
    return faces if name == FACE else cut_component(faces, Component(name), places)


def _looks(network: AnyDiscriminator, pictures: Pictures) -> Looks:
    return network.look(pictures) if isinstance(network, ProjectedDiscriminator) else [pictures]


def _judged(network: AnyDiscriminator, looks: Looks) -> tuple[Tensor, list[Features]]:
    """Logits, positive for real, and the features whose statistics a restored component should share."""
    match network:
        case ProjectedDiscriminator():
            return network.judge(looks), looks[: len(STYLE_WEIGHTS)]
        case ComponentDiscriminator():
            return network(*looks)
        case Discriminator():
            return network(*looks), []
        case _:
            assert_never(network)
