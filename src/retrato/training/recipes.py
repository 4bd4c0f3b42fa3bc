"""Named configs of whole runs. Each number of a paper stands here once, with its source."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from retrato.degradation import DegradationRanges, OldPhotoRanges, Preset
from retrato.errors import UnknownRecipe
from retrato.networks.cyclegan import CycleGANConfig
from retrato.networks.dcgan import DCGANConfig, DCGANDiscriminatorConfig
from retrato.networks.discriminator import DiscriminatorConfig
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.mobilefacenet import MobileFaceNetConfig
from retrato.networks.pix2pix import PatchDiscriminatorConfig, UNetConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminatorConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.precision import Precision
from retrato.training.adaptive import AugmentationConfig
from retrato.training.loop import LoopConfig
from retrato.training.player import AdamConfig
from retrato.training.tasks.adversary import AdversaryConfig
from retrato.training.tasks.autoencoder import AutoencoderTaskConfig
from retrato.training.tasks.cyclegan import CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTaskConfig
from retrato.training.tasks.embedder import EmbedderTaskConfig
from retrato.training.tasks.gfpgan import GFPGANTaskConfig, LossWeights
from retrato.training.tasks.judges import IdentityKind, PerceptualKind
from retrato.training.tasks.pix2pix import Pix2PixTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2TaskConfig
from retrato.translation import PairKind

TaskConfig = (
    GFPGANTaskConfig
    | StyleGAN2TaskConfig
    | AutoencoderTaskConfig
    | DCGANTaskConfig
    | Pix2PixTaskConfig
    | CycleGANTaskConfig
    | EmbedderTaskConfig
)

COMPACT_PRIOR = StyleGAN2Config(
    image_size=256, style_size=96, channel_base=8192, channel_max=256, mapping_layers=0, fold=2
)
"""Of the bundled model."""
SMALL_PRIOR = StyleGAN2Config(image_size=64, style_size=128, channel_base=4096, channel_max=256, mapping_layers=4)
"""Of the bundled prior."""
COMPACT_DISCRIMINATOR = DiscriminatorConfig(image_size=256, channel_base=4096, channel_max=256, fold=2)
PAIRED_LEARNING = AdamConfig(1e-3, betas=(0.5, 0.99), equalized=True, warmup_iterations=50, largest_gradient=10.0)
"""Of discriminators in small batches: judging each face by itself, they had learnt nothing after 500 of them."""
PUBLISHED_AVERAGE = 0.5 ** (32 / 10_000)
"""Half of the averaged weights are from the last 10,000 / 32 iterations (BasicSR)."""


@dataclass(frozen=True)
class Recipe:
    """A run, complete but for data and folder."""

    task: TaskConfig
    loop: LoopConfig


def gfpgan_512() -> Recipe:
    """GFP-GAN v1 as published: options/train_gfpgan_v1.yml in TencentARC/GFPGAN, and its paper's section 4.1.

    Needs FFHQ's 70,000 faces, the published StyleGAN2 prior (`--prior`), VGG-19 and ArcFace-18; it took four GPUs.
    Colours go wrong in its degradation, so it colours grey photographs. Against that its authors advise, in our words,
    `--set task.degradation.colour={} --set task.degradation.grey_target=true`.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(_published_prior(mapping_layers=0)),
            freeze_prior=True,
            degradation=Preset.PAPER_COLOUR.ranges,
            losses=LossWeights(pixel=0.1, pyramid=1.0, pyramid_until=50_000, perceptual=1.0, style=50.0, identity=10.0),
            perceptual=PerceptualKind.VGG,
            identity=IdentityKind.ARCFACE,
            restorer=_published_learning((0.0, 0.99)),
            drawn_noise=True,
            precision=Precision.FP32,
            adversary=AdversaryConfig(
                discriminator=DiscriminatorConfig(image_size=512, channel_base=16384),
                learning=_published_learning((0.0, 0.99 ** (16 / 17))),  # one of 17 steps is regularisation
                component_learning=_published_learning((0.9, 0.99)),
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
    """The bundled model: 11.8 million parameters, 18 GFLOP a face, 24 MB as float16.

    Two CPU cores with bf16 take about 6 pictures a second, 5 once the adversary has joined. What it reached is in the
    weights' model card.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(COMPACT_PRIOR, keep_input=True),
            degradation=DegradationRanges(
                grey_share=0.15, untouched_share=0.05, mildness=0.15, old_photo=OldPhotoRanges(share=0.3)
            ),
            adversary=AdversaryConfig(
                discriminator=COMPACT_DISCRIMINATOR,
                learning=PAIRED_LEARNING,
                component_learning=PAIRED_LEARNING,
                component_channels=32,
                paired=True,
                first_iteration=15_000,
                face_weight=0.004,
                component_weight=0.006,
                style_weight=10.0,
                penalty_weight=2.0,
                penalty_every=8,
            ),
        ),
        loop=LoopConfig(iterations=100_000, batch_size=8),
    )


def gfpgan_128_laptop() -> Recipe:
    """Small enough to watch: faces of 128 px, 2.4 million parameters; its previews change within minutes.

    Ten minutes on two CPU cores take the blur and the noise off; an hour gives eyes and mouths.
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
            restorer=AdamConfig(1e-3, warmup_iterations=50),
            adversary=AdversaryConfig(
                discriminator=DiscriminatorConfig(image_size=128, channel_base=2048, channel_max=128, fold=2),
                learning=PAIRED_LEARNING,
                component_learning=PAIRED_LEARNING,
                component_channels=16,
                paired=True,
                first_iteration=3_000,
                face_weight=0.02,
                component_weight=0.02,
                style_weight=5.0,
            ),
        ),
        loop=LoopConfig(iterations=6_000, batch_size=8),
    )


def stylegan2_512() -> Recipe:
    """GFP-GAN's prior as published: the numbers of options/train/StyleGAN in BasicSR, at 512 px, with FFHQ.

    The published file's name says batches of 12 and 800,000 iterations. With some thousand faces instead of 70,000 add
    `--set task.augmentation={}`.
    """
    return Recipe(
        task=StyleGAN2TaskConfig(
            network=_published_prior(mapping_layers=8),
            discriminator=DiscriminatorConfig(image_size=512, channel_base=16384),
            generator_learning=_published_learning((0.0, 0.99 ** (4 / 5))),  # one of 5 steps is regularisation
            discriminator_learning=_published_learning((0.0, 0.99 ** (16 / 17))),
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
            discriminator=COMPACT_DISCRIMINATOR,
            generator_learning=_published_learning((0.0, 0.99 ** (4 / 5))),
            discriminator_learning=_published_learning((0.0, 0.99 ** (16 / 17))),
            penalty_weight=2.0,  # gamma grows with the number of pixels (Karras et al., 2020, limited data, table 5)
            augmentation=AugmentationConfig(ramp_pictures=100_000),
        ),
        loop=LoopConfig(iterations=200_000, batch_size=16),
    )


def autoencoder_64() -> Recipe:
    """What the bundled prior starts from."""
    return Recipe(
        task=AutoencoderTaskConfig(
            network=SMALL_PRIOR,
            learning=AdamConfig(2e-3, equalized=True, average_decay=0.998),
            discriminator_learning=AdamConfig(1e-3, betas=(0.0, 0.99)),
            first_adversarial_iteration=1_000,
            augmentation=AugmentationConfig(ramp_pictures=100_000),
        ),
        loop=LoopConfig(iterations=20_000, batch_size=16),
    )


def stylegan2_64_compact() -> Recipe:
    """The bundled prior: faces of 64 px, from some thousand of them, on a CPU; 7 MB as float16.

    Its discriminator looks through SqueezeNet.
    """
    return Recipe(
        task=StyleGAN2TaskConfig(
            network=SMALL_PRIOR,
            discriminator=ProjectedDiscriminatorConfig(),
            generator_learning=AdamConfig(2e-3, betas=(0.0, 0.99), equalized=True, average_decay=0.998),
            discriminator_learning=AdamConfig(1e-3, betas=(0.0, 0.99)),
            path_weight=0.0,
            penalty_weight=0.0,
            augmentation=AugmentationConfig(ramp_pictures=100_000),
        ),
        loop=LoopConfig(iterations=20_000, batch_size=16),
    )


def dcgan_64() -> Recipe:
    """DCGAN as in its paper: 64 px, a generator of 12.7 million parameters (Radford et al., 2016, section 4, figure 1).

    Wants tens of thousands of pictures; with a thousand the discriminator knows them by heart after some epochs. The
    paper does not say how wide its discriminator is: 64 channels is what its authors' code has. 128 px:
    `--set task.network.image_size=128 --set task.discriminator.image_size=128`.
    """
    return Recipe(
        task=DCGANTaskConfig(
            network=DCGANConfig(image_size=64, latent_size=100, channels=128),
            discriminator=DCGANDiscriminatorConfig(image_size=64, channels=64),
            generator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=40_000, batch_size=128, decay_share=0.0),
    )


def dcgan_28_digits() -> Recipe:
    """DCGAN small enough to watch: pictures of 28 px, such as digits, a generator of half a million parameters.

    Two CPU cores draw digits that can be read within minutes.
    """
    return Recipe(
        task=DCGANTaskConfig(
            network=DCGANConfig(image_size=28, latent_size=100, channels=32),
            discriminator=DCGANDiscriminatorConfig(image_size=28, channels=32),
            generator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=2_000, batch_size=128, decay_share=0.0),
    )


def pix2pix_256() -> Recipe:
    """Pix2Pix as in its paper, on pairs of your own: 54 million parameters, 256 px (Isola et al., 2017, appendix 6).

    Its data sets have 400 (facades) to 137,000 pairs, and took 200 to 15 epochs. `--set task.pairs=edges` (grey,
    degraded) makes the sources of single pictures.
    """
    return Recipe(
        task=Pix2PixTaskConfig(
            network=UNetConfig(image_size=256, channels=64),
            discriminator=PatchDiscriminatorConfig(channels=64, layers=4),
            pairs=PairKind.OWN,
            pixel_weight=100.0,
            jitter_size=286,
            translator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=80_000, batch_size=1, decay_share=0.0),
    )


def pix2pix_64_laptop() -> Recipe:
    """Pix2Pix small enough to watch: drawings of edges to pictures of 64 px, 2.1 million parameters.

    `--set task.pairs=grey` learns colours, `--set task.pairs=degraded` restores faces, and `retrato restore` and
    `evaluate` then take its weights.
    """
    return Recipe(
        task=Pix2PixTaskConfig(
            network=UNetConfig(image_size=64, channels=24, channel_max=128),
            discriminator=PatchDiscriminatorConfig(channels=24, layers=3),
            pairs=PairKind.EDGES,
            pixel_weight=100.0,
            jitter_size=72,
            translator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=6_000, batch_size=4, decay_share=0.0),
    )


def cyclegan_256() -> Recipe:
    """CycleGAN as in its paper, on two kinds of pictures of your own: 256 px (Zhu et al., 2017, section 4, appendix 7).

    Two translators of 11.4 million parameters, two discriminators of 2.8 million. `--data` twice: what to translate
    from, and what to. The paper's horses and zebras, some 1,200 pictures each, took 200 epochs: 240,000 iterations.
    """
    return Recipe(
        task=CycleGANTaskConfig(
            network=CycleGANConfig(image_size=256, channels=64, blocks=9),
            discriminator=PatchDiscriminatorConfig(channels=64, layers=4, pictures=1),
            cycle_weight=10.0,
            identity_weight=5.0,
            earlier_pictures=50,
            jitter_size=286,
            translator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=240_000, batch_size=1, decay_share=0.5),
    )


def cyclegan_64_laptop() -> Recipe:
    """CycleGAN small enough to watch: two kinds of pictures of 64 px, such as photos and old photos.

    Two translators of 270,000 parameters; colours and contrast change hands within minutes of a CPU, shapes do not.
    """
    return Recipe(
        task=CycleGANTaskConfig(
            network=CycleGANConfig(image_size=64, channels=16, blocks=3),
            discriminator=PatchDiscriminatorConfig(channels=24, layers=3, pictures=1),
            jitter_size=72,
            translator_learning=_dcgan_learning(),
            discriminator_learning=_dcgan_learning(),
            precision=Precision.FP32,
        ),
        loop=LoopConfig(iterations=6_000, batch_size=2, decay_share=0.5),
    )


def mobilefacenet_compact() -> Recipe:
    """The bundled embedder: 0.8 million parameters, 1.6 MB as float16, which learns from the published MobileFaceNet.

    Folded, with few channels where the pictures are large: there a CPU spends its time. Each of a batch's 32 faces is
    seen twice. One busy CPU core with bf16 took 27 faces a second.
    """
    return Recipe(
        task=EmbedderTaskConfig(
            network=MobileFaceNetConfig(
                first_channels=32,
                channels=(32, 96, 96, 144, 144),
                blocks=(1, 1, 6, 1, 3),
                last_channels=512,
                fold=2,
            ),
            learning=AdamConfig(
                3e-3, betas=(0.9, 0.99), warmup_iterations=100, largest_gradient=30.0, average_decay=0.99
            ),
        ),
        loop=LoopConfig(iterations=2_400, batch_size=32, decay_share=0.9),
    )


def _dcgan_learning() -> AdamConfig:
    """Of DCGAN, Pix2Pix and CycleGAN: 2e-4 at once, unclipped, weights that are not averaged."""
    return AdamConfig(2e-4, betas=(0.5, 0.999), warmup_iterations=0, largest_gradient=None, average_decay=0.0)


def _published_prior(mapping_layers: int) -> StyleGAN2Config:
    """StyleGAN2 at 512 px with channel multiplier 1; GFP-GAN has no use for the mapping."""
    return StyleGAN2Config(channel_base=16384, mapping_layers=mapping_layers, resampling=Resampling.FIR)


def _published_learning(betas: tuple[float, float]) -> AdamConfig:
    """2e-3 on equalised weights, at once, unclipped."""
    return AdamConfig(
        2e-3,
        betas=betas,
        equalized=True,
        warmup_iterations=0,
        largest_gradient=None,
        average_decay=PUBLISHED_AVERAGE,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    "gfpgan-512": gfpgan_512,
    "gfpgan-512-simple": gfpgan_512_simple,
    "gfpgan-256-compact": gfpgan_256_compact,
    "gfpgan-128-laptop": gfpgan_128_laptop,
    "stylegan2-512": stylegan2_512,
    "stylegan2-256-compact": stylegan2_256_compact,
    "autoencoder-64": autoencoder_64,
    "stylegan2-64-compact": stylegan2_64_compact,
    "dcgan-64": dcgan_64,
    "dcgan-28-digits": dcgan_28_digits,
    "pix2pix-256": pix2pix_256,
    "pix2pix-64-laptop": pix2pix_64_laptop,
    "cyclegan-256": cyclegan_256,
    "cyclegan-64-laptop": cyclegan_64_laptop,
    "mobilefacenet-compact": mobilefacenet_compact,
}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownRecipe: there is none.
    """
    if name not in RECIPES:
        raise UnknownRecipe(f"no recipe called {name!r}; known recipes: {', '.join(RECIPES)}")
    return RECIPES[name]()
