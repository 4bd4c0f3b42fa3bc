"""Training losses: functions of tensors, unweighted; the task weighs and sums them."""

from retrato.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    paired_discriminator_loss,
    paired_generator_loss,
    saturating_generator_loss,
)
from retrato.losses.geodesic import geodesic_cross_loss
from retrato.losses.identity import embedding_loss, identity_loss
from retrato.losses.path_length import path_length_penalty, path_lengths
from retrato.losses.perceptual import perceptual_loss
from retrato.losses.reconstruction import pixel_loss, pyramid_loss
from retrato.losses.relation import likeness_loss, relation_loss
from retrato.losses.style import style_loss

__all__ = [
    "discriminator_loss",
    "embedding_loss",
    "generator_loss",
    "geodesic_cross_loss",
    "gradient_penalty",
    "identity_loss",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "likeness_loss",
    "paired_discriminator_loss",
    "paired_generator_loss",
    "path_length_penalty",
    "path_lengths",
    "perceptual_loss",
    "pixel_loss",
    "pyramid_loss",
    "relation_loss",
    "saturating_generator_loss",
    "style_loss",
]
