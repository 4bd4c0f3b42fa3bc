"""Restorers: GFP-GAN as published, and small."""

from dataclasses import replace

from retrato.degradation import DegradationRanges, LightRanges, OldPhotoRanges, Preset
from retrato.networks.component_discriminator import ComponentDiscriminatorConfig
from retrato.networks.discriminator import DiscriminatorConfig
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminatorConfig
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.precision import Precision
from retrato.training.loop import LoopConfig
from retrato.training.player import LearningConfig
from retrato.training.recipe import Recipe
from retrato.training.recipes.stylegan2 import COMPACT_PRIOR, published_learning, published_prior
from retrato.training.tasks.adversary import AdversaryConfig
from retrato.training.tasks.gfpgan import GFPGANTaskConfig, LossWeights
from retrato.training.tasks.judges import IdentityKind, PerceptualKind

PAIRED_LEARNING = LearningConfig(1e-3, betas=(0.5, 0.99), equalized=True, warmup_iterations=50, largest_gradient=10.0)
"""Of discriminators in small batches: judging each face by itself, they had learnt nothing after 500 of them."""

PROJECTED_LEARNING = LearningConfig(1e-3, betas=(0.0, 0.99), warmup_iterations=20)
"""Of discriminators that look through a trained network."""


def gfpgan_512() -> Recipe:
    """GFP-GAN v1 as published: options/train_gfpgan_v1.yml in TencentARC/GFPGAN, and its paper's section 4.1.

    Needs FFHQ's 70,000 faces, the published StyleGAN2 prior (`--prior`), VGG-19 and ArcFace-18; it took four GPUs.
    Colours go wrong in its degradation, so it colours grey photographs. Against that its authors advise, in our words,
    `--set task.degradation.colour={} --set task.degradation.grey_target=true`.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(published_prior(mapping_layers=0)),
            freeze_prior=True,
            degradation=Preset.PAPER_COLOUR.ranges,
            losses=LossWeights(pixel=0.1, pyramid=1.0, pyramid_until=50_000, perceptual=1.0, style=50.0, identity=10.0),
            perceptual=PerceptualKind.VGG,
            identity=IdentityKind.ARCFACE,
            restorer=published_learning((0.0, 0.99)),
            drawn_noise=True,
            precision=Precision.FP32,
            adversary=AdversaryConfig(
                discriminator=DiscriminatorConfig(image_size=512, channel_base=16384),
                learning=published_learning((0.0, 0.99 ** (16 / 17))),  # one of 17 steps is regularisation
                component_learning=published_learning((0.9, 0.99)),
                face_weight=0.1,
                component_weight=1.0,
                style_weight=200.0,
                penalty_weight=10.0,
                penalty_every=16,
            ),
        ),
        loop=LoopConfig(iterations=800_000, batch_size=12, decay_share=0.0, halve_at=(600_000, 700_000)),
    )


def gfpgan_512_simple() -> Recipe:
    """The same without facial components and identity: options/train_gfpgan_v1_simple.yml."""
    full = gfpgan_512()
    assert isinstance(full.task, GFPGANTaskConfig)
    assert full.task.adversary
    return replace(
        full,
        task=replace(
            full.task,
            losses=replace(full.task.losses, identity=0.0),
            adversary=replace(full.task.adversary, component_weight=0.0, style_weight=0.0),
        ),
    )


def gfpgan_256_compact() -> Recipe:
    """The bundled model: 11.8 million parameters, 18 GFLOP a face (twice that to restore it), 24 MB.

    Two CPU cores with bf16 take about 5 pictures a second, 3 once the adversary has joined. What it reached is in the
    weights' model card.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(COMPACT_PRIOR, keep_input=True, self_ensemble=True),
            degradation=DegradationRanges(
                grey_share=0.15,
                untouched_share=0.05,
                mildness=0.15,
                old_photo=OldPhotoRanges(share=0.3),
                light=LightRanges(share=0.25),
            ),
            losses=LossWeights(identity=0.2),
            restorer=LearningConfig(muon=True),
            adversary=AdversaryConfig(
                discriminator=ProjectedDiscriminatorConfig(seen_size=256),
                component_discriminator=ProjectedDiscriminatorConfig(seen_size=80, channels=16, channel_max=128),
                learning=PROJECTED_LEARNING,
                component_learning=PROJECTED_LEARNING,
                paired=True,
                first_iteration=15_000,
                face_weight=0.005,
                component_weight=0.0005,
                style_weight=0.03,
                penalty_weight=0.0,
            ),
        ),
        loop=LoopConfig(iterations=100_000, batch_size=8),
    )


def gfpgan_128_laptop() -> Recipe:
    """Small enough to watch: faces of 128 px, 2.4 million parameters; its previews change within minutes.

    Ten minutes on two CPU cores take the blur and the noise off, and give eyes where there was something of them left.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(
                StyleGAN2Config(
                    image_size=128, style_size=64, channel_base=2048, channel_max=128, mapping_layers=0, fold=2
                ),
                keep_input=True,
            ),
            degradation=DegradationRanges(grey_share=0.1, untouched_share=0.05, mildness=0.15),
            restorer=LearningConfig(1e-3, warmup_iterations=50, muon=True),
            adversary=AdversaryConfig(
                discriminator=DiscriminatorConfig(image_size=128, channel_base=2048, channel_max=128, fold=2),
                learning=PAIRED_LEARNING,
                component_learning=PAIRED_LEARNING,
                component_discriminator=ComponentDiscriminatorConfig(16),
                paired=True,
                first_iteration=3_000,
                face_weight=0.02,
                component_weight=0.02,
                style_weight=5.0,
            ),
        ),
        loop=LoopConfig(iterations=6_000, batch_size=8),
    )
