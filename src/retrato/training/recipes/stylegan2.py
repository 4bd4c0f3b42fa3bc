"""Generative priors: StyleGAN2 as published, and small."""

from dataclasses import replace

from retrato.networks.discriminator import DiscriminatorConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.precision import Precision
from retrato.training.adaptive import AugmentationConfig
from retrato.training.loop import LoopConfig
from retrato.training.player import LearningConfig
from retrato.training.recipe import Recipe
from retrato.training.tasks.autoencoder import AutoencoderTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2TaskConfig

COMPACT_PRIOR = StyleGAN2Config(
    image_size=256, style_size=96, channel_base=8192, channel_max=256, mapping_layers=0, fold=2
)
"""Of the bundled model."""
SMALL_PRIOR = StyleGAN2Config(image_size=64, style_size=128, channel_base=4096, channel_max=256, mapping_layers=4)
"""Of the bundled prior."""
PUBLISHED_AVERAGE = 0.5 ** (32 / 10_000)
"""Half of the averaged weights are from the last 10,000 / 32 iterations (BasicSR)."""


def stylegan2_512() -> Recipe:
    """GFP-GAN's prior as published: the numbers of options/train/StyleGAN in BasicSR, at 512 px, with FFHQ.

    The published file's name says batches of 12 and 800,000 iterations. With some thousand faces instead of 70,000 add
    `--set task.augmentation={}`.
    """
    return Recipe(
        task=StyleGAN2TaskConfig(
            network=published_prior(mapping_layers=8),
            discriminator=DiscriminatorConfig(image_size=512, channel_base=16384),
            generator_learning=published_learning((0.0, 0.99 ** (4 / 5))),  # one of 5 steps is regularisation
            discriminator_learning=published_learning((0.0, 0.99 ** (16 / 17))),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=800_000, batch_size=12, decay_share=0.0, halve_at=(600_000,)),
    )


def stylegan2_256_compact() -> Recipe:
    """The prior of the bundled model's shape, for some thousand faces: 5.1 million parameters, with augmentation.

    Two CPU cores take about 10 pictures a second; faces can be told after some hours. `--prior` starts
    `gfpgan-256-compact` from it.
    """
    return Recipe(
        task=StyleGAN2TaskConfig(
            network=replace(COMPACT_PRIOR, mapping_layers=4),
            discriminator=DiscriminatorConfig(image_size=256, channel_base=4096, channel_max=256, fold=2),
            generator_learning=published_learning((0.0, 0.99 ** (4 / 5))),
            discriminator_learning=published_learning((0.0, 0.99 ** (16 / 17))),
            penalty_weight=2.0,  # gamma grows with the number of pixels (Karras et al., 2020, limited data, table 5)
            augmentation=AugmentationConfig(ramp_pictures=100_000),
        ),
        loop=LoopConfig(iterations=200_000, batch_size=16),
    )


def stylegan2_64_compact() -> Recipe:
    """The bundled prior: faces of 64 px, from some thousand of them; 3.9 million parameters, 8 MB as float16.

    It learns as an autoencoder whose faces drawn by chance are judged. One CPU core with bf16 takes about 15 pictures a
    second, and 8 once the adversary has joined.
    """
    return Recipe(
        task=AutoencoderTaskConfig(
            network=SMALL_PRIOR,
            learning=LearningConfig(2e-3, equalized=True, average_decay=0.998),
            discriminator_learning=LearningConfig(1e-3, betas=(0.0, 0.99)),
            first_adversarial_iteration=1_000,
            augmentation=AugmentationConfig(ramp_pictures=100_000),
        ),
        loop=LoopConfig(iterations=20_000, batch_size=16),
    )


def published_prior(mapping_layers: int) -> StyleGAN2Config:
    """StyleGAN2 at 512 px with channel multiplier 1; GFP-GAN has no use for the mapping."""
    return StyleGAN2Config(channel_base=16384, mapping_layers=mapping_layers, resampling=Resampling.FIR)


def published_learning(betas: tuple[float, float]) -> LearningConfig:
    """2e-3 on equalised weights, at once, unclipped."""
    return LearningConfig(
        2e-3,
        betas=betas,
        equalized=True,
        warmup_iterations=0,
        largest_gradient=None,
        average_decay=PUBLISHED_AVERAGE,
    )
