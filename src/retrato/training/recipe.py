"""The config of a whole run."""

from dataclasses import dataclass

from retrato.training.loop import LoopConfig
from retrato.training.tasks.autoencoder import AutoencoderTaskConfig
from retrato.training.tasks.cyclegan import CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTaskConfig
from retrato.training.tasks.embedder import EmbedderTaskConfig
from retrato.training.tasks.gfpgan import GFPGANTaskConfig
from retrato.training.tasks.pix2pix import Pix2PixTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2TaskConfig

TaskConfig = (
    GFPGANTaskConfig
    | StyleGAN2TaskConfig
    | AutoencoderTaskConfig
    | DCGANTaskConfig
    | Pix2PixTaskConfig
    | CycleGANTaskConfig
    | EmbedderTaskConfig
)


@dataclass(frozen=True)
class Recipe:
    """A run, complete but for data and folder."""

    task: TaskConfig
    loop: LoopConfig
