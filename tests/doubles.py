"""Small real objects that tests use in place of large ones."""

import hashlib
import io
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from retrato.data import FaceBatch
from retrato.losses.components import TEMPLATE_PLACES, as_tensor
from retrato.networks.component_discriminator import ComponentDiscriminatorConfig
from retrato.networks.cyclegan import CycleGANConfig
from retrato.networks.dcgan import DCGANConfig, DCGANDiscriminatorConfig
from retrato.networks.discriminator import DiscriminatorConfig
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet, MobileFaceNetConfig
from retrato.networks.pix2pix import PatchDiscriminatorConfig, UNetConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminatorConfig
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.precision import Precision
from retrato.training.adaptive import AugmentationConfig
from retrato.training.player import LearningConfig
from retrato.training.tasks.adversary import AdversaryConfig
from retrato.training.tasks.autoencoder import AutoencoderTask, AutoencoderTaskConfig
from retrato.training.tasks.cyclegan import CycleGANTask, CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTask, DCGANTaskConfig
from retrato.training.tasks.embedder import EmbedderTask, EmbedderTaskConfig
from retrato.training.tasks.gfpgan import GFPGANTask, GFPGANTaskConfig
from retrato.training.tasks.judges import LPIPSJudge, MobileFaceNetJudge
from retrato.training.tasks.pix2pix import Pix2PixTask, Pix2PixTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2Task, StyleGAN2TaskConfig
from retrato.translation import PairKind

REFERENCE = Path(__file__).parent / "reference"
"""Numbers made once with the published packages (see its README)."""


def by_chance(name, shape):
    """Values for a parameter of that name, always the same: those that reference numbers of networks are for."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(1)
    values = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    if len(shape) > 1:
        return values * math.sqrt(2 / values[0].numel())
    return 0.5 + values.abs() if name.endswith("running_var") else 0.1 * values + (1 if name.endswith("weight") else 0)


def published_weights(file_name: str) -> dict[str, Tensor]:
    """The weights in a reference file, by their publisher's names."""
    stored = load_file(REFERENCE / file_name)
    return {name.removeprefix("weights."): each for name, each in stored.items() if name.startswith("weights.")}


def tensor_by_hash(name: str, shape: Sequence[int]) -> Tensor:
    """Values for a published tensor that are the same everywhere, as the reference numbers were made with them."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    digest = hashlib.shake_256(name.encode()).digest(math.prod(shape))
    values = (torch.frombuffer(bytearray(digest), dtype=torch.uint8).reshape(shape).double() - 127.5) / 73.9
    if len(shape) > 1:
        values = values * (2 / values[0].numel()) ** 0.5
        return (0.05 * values if "Head" in name else values).float()  # boxes are exponentials of what heads say
    return (
        values.abs() + 0.5 if name.endswith("running_var") else 0.3 * values + (0.8 if "weight" in name else 0)
    ).float()


TINY = GFPGANConfig(
    StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=0, fold=2),
    keep_input=True,
    self_ensemble=True,
)
"""The bundled model's shape in a few thousand parameters."""

TINY_ADVERSARY = AdversaryConfig(
    discriminator=DiscriminatorConfig(image_size=32, channel_base=64, channel_max=4, deviation_group=2),
    component_discriminator=ComponentDiscriminatorConfig(2),
    penalty_every=2,
)
TINY_TASK = GFPGANTaskConfig(network=TINY, restorer=LearningConfig(warmup_iterations=2), precision=Precision.FP32)


def tiny_task(config=TINY_TASK, division=None):
    torch.manual_seed(0)
    perceptual = _any_lpips()
    recognition = MobileFaceNet().eval().requires_grad_(False)
    judges = {"perceptual": LPIPSJudge(perceptual), "identity": MobileFaceNetJudge(recognition)}
    return GFPGANTask(config, judges, torch.device("cpu"), division, perceptual.trunk)


def _any_lpips():
    network = LPIPS().requires_grad_(False)
    for weight in network.weights:
        weight.fill_(0.1)
    return network


def a_batch(count=2, size=32):
    """Pictures by chance; in each, eyes and mouth are somewhere else and of another size."""
    pictures = torch.randint(0, 255, (count, 3, size, size), dtype=torch.uint8)
    return FaceBatch(pictures, as_tensor(TEMPLATE_PLACES) * torch.linspace(0.9, 1.1, count)[:, None, None])


def straight_and_resumed(make, batch, step, iterations=4):
    """A task that took all iterations, and one that went on in the middle from what another had saved."""
    straight, stopped, resumed = (make() for _ in range(3))
    for iteration in range(iterations):
        step(straight, batch, iteration)
    for iteration in range(iterations // 2):
        step(stopped, batch, iteration)
    file = io.BytesIO()
    torch.save(stopped.state(), file)
    resumed.resume(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    for iteration in range(iterations // 2, iterations):
        step(resumed, batch, iteration)
    return straight, resumed


def gradients(task):
    """What the last step found, for every parameter of every player."""
    return {
        f"{player_name}.{name}": each.grad
        for player_name, player in task.players.items()
        for name, each in player.network.named_parameters()
    }


TINY_STYLEGAN2_TASK = StyleGAN2TaskConfig(
    network=StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2, fold=2),
    discriminator=TINY_ADVERSARY.discriminator,
    generator_learning=LearningConfig(
        2e-3, betas=(0.0, 0.99), equalized=True, warmup_iterations=0, largest_gradient=None
    ),
    discriminator_learning=LearningConfig(2e-3, betas=(0.0, 0.99), equalized=True, warmup_iterations=0),
    path_every=2,
    penalty_every=2,
    augmentation=AugmentationConfig(ramp_pictures=100),
    precision=Precision.FP32,
)


def tiny_stylegan2_task(config=TINY_STYLEGAN2_TASK, division=None):
    torch.manual_seed(0)
    return StyleGAN2Task(config, torch.device("cpu"), division)


TINY_AUTOENCODER_TASK = AutoencoderTaskConfig(
    network=TINY_STYLEGAN2_TASK.network,
    learning=LearningConfig(1e-2, equalized=True, warmup_iterations=0),
    discriminator=ProjectedDiscriminatorConfig(seen_size=64, channels=2, channel_max=4),
    discriminator_learning=LearningConfig(2e-3, betas=(0.0, 0.99), warmup_iterations=0),
    first_adversarial_iteration=1,
    augmentation=AugmentationConfig(ramp_pictures=100),
    precision=Precision.FP32,
)


def tiny_autoencoder_task(config=TINY_AUTOENCODER_TASK, division=None):
    torch.manual_seed(0)
    return AutoencoderTask(config, _any_lpips(), torch.device("cpu"), division)


def _quick_learning():
    return LearningConfig(1e-2, betas=(0.5, 0.999), warmup_iterations=0, largest_gradient=None, average_decay=0.0)


TINY_DCGAN_TASK = DCGANTaskConfig(
    network=DCGANConfig(image_size=32, latent_size=8, channels=4),
    discriminator=DCGANDiscriminatorConfig(image_size=32, channels=4),
    generator_learning=_quick_learning(),
    discriminator_learning=_quick_learning(),
    precision=Precision.FP32,
)
TINY_PIX2PIX_TASK = Pix2PixTaskConfig(
    network=UNetConfig(image_size=32, channels=4, channel_max=8),
    discriminator=PatchDiscriminatorConfig(channels=4, layers=2),
    pairs=PairKind.EDGES,
    jitter_size=36,
    translator_learning=_quick_learning(),
    discriminator_learning=_quick_learning(),
    precision=Precision.FP32,
)

TINY_CYCLEGAN_TASK = CycleGANTaskConfig(
    network=CycleGANConfig(image_size=32, channels=4, blocks=1),
    discriminator=PatchDiscriminatorConfig(channels=4, layers=2, pictures=1),
    earlier_pictures=3,
    jitter_size=36,
    translator_learning=_quick_learning(),
    discriminator_learning=_quick_learning(),
    precision=Precision.FP32,
)


def tiny_dcgan_task(config=TINY_DCGAN_TASK, division=None):
    torch.manual_seed(0)
    return DCGANTask(config, torch.device("cpu"), division)


def tiny_pix2pix_task(config=TINY_PIX2PIX_TASK, division=None):
    torch.manual_seed(0)
    return Pix2PixTask(config, torch.device("cpu"), division)


def tiny_cyclegan_task(config=TINY_CYCLEGAN_TASK, division=None):
    torch.manual_seed(0)
    return CycleGANTask(config, torch.device("cpu"), division)


TINY_EMBEDDER_TASK = EmbedderTaskConfig(
    network=MobileFaceNetConfig(4, (4, 4, 4, 4, 4), (1, 1, 1, 1, 1), last_channels=8, fold=2),
    image_size=32,
    learning=_quick_learning(),
    precision=Precision.FP32,
)


def tiny_embedder_task(config=TINY_EMBEDDER_TASK, division=None):
    torch.manual_seed(0)
    teacher = MobileFaceNet(TINY_EMBEDDER_TASK.network).eval().requires_grad_(False)
    return EmbedderTask(config, teacher, torch.device("cpu"), division)
