"""What GFP-GAN grew from: DCGAN, Pix2Pix and CycleGAN, as in their papers, and small enough to watch."""

from retrato.networks.cyclegan import CycleGANConfig
from retrato.networks.dcgan import DCGANConfig, DCGANDiscriminatorConfig
from retrato.networks.pix2pix import PatchDiscriminatorConfig, UNetConfig
from retrato.precision import Precision
from retrato.training.loop import LoopConfig
from retrato.training.player import LearningConfig
from retrato.training.recipe import Recipe
from retrato.training.tasks.cyclegan import CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTaskConfig
from retrato.training.tasks.pix2pix import Pix2PixTaskConfig
from retrato.translation import PairKind


def dcgan_64() -> Recipe:
    """DCGAN as in its paper: 64 px, a generator of 12.7 million parameters (Radford et al., 2016, section 4, figure 1).

    Wants tens of thousands of pictures; with a thousand the discriminator knows them by heart after some epochs. The
    paper does not say how wide its discriminator is: 64 channels is what its authors' code has. 128 px:
    `--set task.network.image_size=128 --set task.discriminator.image_size=128`.
    """
    return Recipe(
        task=_dcgan(image_size=64, channels=128, discriminator_channels=64),
        loop=LoopConfig(iterations=40_000, batch_size=128, decay_share=0.0),
    )


def dcgan_28_digits() -> Recipe:
    """DCGAN small enough to watch: pictures of 28 px, such as digits, a generator of half a million parameters.

    Two CPU cores draw digits that can be read within minutes.
    """
    return Recipe(
        task=_dcgan(image_size=28, channels=32, discriminator_channels=32),
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


def _dcgan(image_size: int, channels: int, discriminator_channels: int) -> DCGANTaskConfig:
    return DCGANTaskConfig(
        network=DCGANConfig(image_size=image_size, latent_size=100, channels=channels),
        discriminator=DCGANDiscriminatorConfig(image_size=image_size, channels=discriminator_channels),
        generator_learning=_dcgan_learning(),
        discriminator_learning=_dcgan_learning(),
        precision=Precision.FP32,
    )


def _dcgan_learning() -> LearningConfig:
    """Of DCGAN, Pix2Pix and CycleGAN: 2e-4 at once, unclipped, weights that are not averaged."""
    return LearningConfig(2e-4, betas=(0.5, 0.999), warmup_iterations=0, largest_gradient=None, average_decay=0.0)
