"""Who a face is."""

from retrato.networks.mobilefacenet import MobileFaceNetConfig
from retrato.training.loop import LoopConfig
from retrato.training.player import LearningConfig
from retrato.training.recipe import Recipe
from retrato.training.tasks.embedder import EmbedderTaskConfig


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
            learning=LearningConfig(
                3e-3, betas=(0.9, 0.99), warmup_iterations=100, largest_gradient=30.0, average_decay=0.99
            ),
        ),
        loop=LoopConfig(iterations=2_400, batch_size=32, decay_share=0.9),
    )
