"""Named configs of whole runs. Each number of a paper stands here once, with its source."""

from collections.abc import Callable
from dataclasses import dataclass

from retrato.degradation import DegradationRanges, OldPhotoRanges
from retrato.errors import UnknownRecipe
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.training.loop import LoopConfig
from retrato.training.tasks.gfpgan import GFPGANTaskConfig


@dataclass(frozen=True)
class Recipe:
    """A run, complete but for data and folder."""

    task: GFPGANTaskConfig
    loop: LoopConfig


def gfpgan_256_compact() -> Recipe:
    """The bundled model: 11.8 million parameters, 18 GFLOP a face, 24 MB as float16.

    Two CPU cores with bf16 take about 6 pictures a second. What it reached is in the weights' model card.
    """
    return Recipe(
        task=GFPGANTaskConfig(
            network=GFPGANConfig(
                prior=StyleGAN2Config(
                    image_size=256, style_size=96, channel_base=8192, channel_max=256, mapping_layers=0, fold=2
                ),
                keep_input=True,
            ),
            degradation=DegradationRanges(
                grey_share=0.15, untouched_share=0.05, mildness=0.15, old_photo=OldPhotoRanges(share=0.3)
            ),
        ),
        loop=LoopConfig(iterations=100_000, batch_size=8),
    )


RECIPES: dict[str, Callable[[], Recipe]] = {"gfpgan-256-compact": gfpgan_256_compact}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownRecipe: there is none.
    """
    if name not in RECIPES:
        raise UnknownRecipe(f"no recipe called {name!r}; known recipes: {', '.join(RECIPES)}")
    return RECIPES[name]()
