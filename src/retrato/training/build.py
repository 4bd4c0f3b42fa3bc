"""From a recipe's config to a task that can be trained."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, assert_never

import torch
from torch import Tensor, nn

from retrato.errors import UnusableSetting, UnusableWeights
from retrato.networks.cyclegan import CycleGANConfig
from retrato.networks.dcgan import DCGANConfig
from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.mobilefacenet import MobileFaceNetConfig
from retrato.networks.pix2pix import UNetConfig
from retrato.networks.squeezenet import SqueezeNet
from retrato.networks.stylegan2 import StyleGAN2Config
from retrato.training.division import Division
from retrato.training.recipe import TaskConfig
from retrato.training.tasks.autoencoder import AutoencoderTask, AutoencoderTaskConfig
from retrato.training.tasks.cyclegan import CycleGANTask, CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTask, DCGANTaskConfig
from retrato.training.tasks.embedder import EmbedderTask, EmbedderTaskConfig
from retrato.training.tasks.gfpgan import GFPGANTask, GFPGANTaskConfig
from retrato.training.tasks.judges import (
    ArcFaceJudge,
    IdentityKind,
    Judge,
    LPIPSJudge,
    MobileFaceNetJudge,
    PerceptualKind,
    VGGJudge,
)
from retrato.training.tasks.pix2pix import Pix2PixTask, Pix2PixTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2Task, StyleGAN2TaskConfig
from retrato.weights import embedders, judges, load
from retrato.weights.store import config_fields

Network = TypeVar("Network", bound=nn.Module)
AnyTask = GFPGANTask | StyleGAN2Task | AutoencoderTask | DCGANTask | Pix2PixTask | CycleGANTask | EmbedderTask
NetworkConfig = GFPGANConfig | StyleGAN2Config | DCGANConfig | UNetConfig | CycleGANConfig | MobileFaceNetConfig


def build_task(config: TaskConfig, device: torch.device, division: Division) -> AnyTask:
    """The task that a config describes, with the published networks that judge it, and weights by chance.

    Raises:
        UnusableSetting: its parts do not fit together.
        UnavailableWeights: a judging network is not here and cannot be fetched.
    """
    try:
        config.require_whole()
    except ValueError as error:
        raise UnusableSetting(f"these settings make no task: {error}; change them with --set") from error
    task: AnyTask
    match config:
        case GFPGANTaskConfig():
            found = _judges(config, device)
            trunk = _squeezenet(found, device) if _is_projected(config) else None
            task = GFPGANTask(config, found, device, division, trunk)
        case StyleGAN2TaskConfig():
            task = StyleGAN2Task(config, device, division)
        case AutoencoderTaskConfig():
            task = AutoencoderTask(config, _moved(judges.load_lpips(), device), device, division)
        case EmbedderTaskConfig():
            task = EmbedderTask(config, _moved(judges.load_mobilefacenet(), device), device, division)
        case DCGANTaskConfig():
            task = DCGANTask(config, device, division)
        case Pix2PixTaskConfig():
            task = Pix2PixTask(config, device, division)
        case CycleGANTaskConfig():
            task = CycleGANTask(config, device, division)
        case _:
            assert_never(config)
    return task


def judging_weights(config: TaskConfig) -> list[str]:
    """The catalog's names of the networks that `build_task` is going to load."""
    if isinstance(config, AutoencoderTaskConfig):
        return ["lpips-squeezenet"]
    if isinstance(config, EmbedderTaskConfig):
        return ["mobilefacenet"]
    if not isinstance(config, GFPGANTaskConfig):
        return []
    perceptual = {PerceptualKind.LPIPS: "lpips-squeezenet", PerceptualKind.VGG: "vgg19"}[config.perceptual]
    identity = {IdentityKind.MOBILEFACENET: "mobilefacenet", IdentityKind.ARCFACE: "arcface"}[config.identity]
    compares = config.losses.perceptual or config.losses.style
    names = [*([perceptual] if compares else []), *([identity] if config.losses.identity else [])]
    return [*names, *(["lpips-squeezenet"] if _is_projected(config) and "lpips-squeezenet" not in names else [])]


def start_from(task: AnyTask, name_or_file: str) -> None:
    """Give a new task weights that were trained before.

    Raises:
        UnusableWeights: they are for a network of another shape.
    """
    match task:
        case GFPGANTask():
            network = load.load_gfpgan(name_or_file)
            wanted = task.config.network
            prior = _with_mapping_of(wanted.prior, network.config.prior)
            found = replace(network.config, prior=prior, self_ensemble=wanted.self_ensemble)  # which shapes nothing
            _require_same(found, wanted, name_or_file)
            task.restorer.start_from(_those_of(task.restorer.network, network.state_dict()))
        case StyleGAN2Task():
            generator = load.load_stylegan2(name_or_file)
            _require_same(generator.config, task.config.network, name_or_file)
            task.generator.start_from(generator.state_dict())
        case AutoencoderTask():
            raise UnusableSetting("this recipe begins anew: weights of a prior have no encoder")
        case DCGANTask():
            drawer = load.load_dcgan(name_or_file)
            _require_same(drawer.config, task.config.network, name_or_file)
            task.generator.start_from(drawer.state_dict())
        case Pix2PixTask():
            translator = load.load_pix2pix(name_or_file)
            _require_same(translator.config, task.config.network, name_or_file)
            task.translator.start_from(translator.state_dict())
        case CycleGANTask():
            translators = load.load_cyclegan(name_or_file)
            _require_same(translators.config, task.config.network, name_or_file)
            task.translators.start_from(translators.state_dict())
        case EmbedderTask():
            embedder = embedders.read_embedder(name_or_file)
            _require_same(embedder.config, task.config.network, name_or_file)
            task.embedder.start_from(embedder.state_dict())
        case _:
            assert_never(task)


def start_from_prior(task: AnyTask, name_or_file: str) -> None:
    """Give a new GFP-GAN a trained generative prior.

    Raises:
        UnusableSetting: the recipe trains no GFP-GAN.
        UnusableWeights: the prior is of another shape.
    """
    if not isinstance(task, GFPGANTask):
        raise UnusableSetting("--prior starts GFP-GAN recipes; a prior of its own starts from --start-from")
    prior = load.load_stylegan2(name_or_file)
    wanted = task.config.network.prior
    _require_same(_with_mapping_of(wanted, prior.config), wanted, name_or_file)
    own = task.restorer.network.state_dict()
    inner = {f"prior.{name}": tensor for name, tensor in prior.state_dict().items()}
    task.restorer.start_from(_those_of(task.restorer.network, {**own, **inner}))


def has_frozen_prior(task: AnyTask) -> bool:
    """Whether it trains a restorer around a prior that stays as it is."""
    return isinstance(task, GFPGANTask) and task.config.freeze_prior


def _with_mapping_of(wanted: StyleGAN2Config, found: StyleGAN2Config) -> StyleGAN2Config:
    """Published restorers have a mapping that they do not use, and priors have one that a restorer has no use for."""
    return replace(found, mapping_layers=min(wanted.mapping_layers, found.mapping_layers))


def _those_of(network: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensors[name] for name in network.state_dict()}


def _require_same(found: NetworkConfig, wanted: NetworkConfig, name_or_file: str) -> None:
    if found == wanted:
        return
    in_file, in_recipe = _flat(found), _flat(wanted)
    differing = [name for name in in_recipe if in_file[name] != in_recipe[name]]
    told = ", ".join(f"{name} {in_file[name]} (the recipe: {in_recipe[name]})" for name in differing)
    raise UnusableWeights(
        f"{name_or_file} is for a network of another shape than the recipe's: {told}; take weights of the recipe's "
        "shape, or change the recipe's with --set"
    )


def _flat(config: NetworkConfig) -> dict[str, Any]:
    """The fields of a network's config and its prior's in one."""
    fields = config_fields(config)
    return {**fields.pop("prior", {}), **fields}


def _judges(config: GFPGANTaskConfig, device: torch.device) -> dict[str, Judge]:
    """Those whose losses count anything."""
    found: dict[str, Judge] = {}
    if config.losses.perceptual or config.losses.style:
        found["perceptual"] = _perceptual_judge(config.perceptual, device)
    if config.losses.identity:
        found["identity"] = _identity_judge(config.identity, device)
    return found


def _perceptual_judge(kind: PerceptualKind, device: torch.device) -> Judge:
    match kind:
        case PerceptualKind.LPIPS:
            return LPIPSJudge(_moved(judges.load_lpips(), device))
        case PerceptualKind.VGG:
            return VGGJudge(_moved(judges.load_vgg19(), device))
        case _:
            assert_never(kind)


def _identity_judge(kind: IdentityKind, device: torch.device) -> Judge:
    match kind:
        case IdentityKind.MOBILEFACENET:
            return MobileFaceNetJudge(_moved(judges.load_mobilefacenet(), device))
        case IdentityKind.ARCFACE:
            return ArcFaceJudge(_moved(judges.load_arcface(), device))
        case _:
            assert_never(kind)


def _squeezenet(found: Mapping[str, Judge], device: torch.device) -> SqueezeNet:
    """What projected discriminators look through: LPIPS's, which may be here already."""
    perceptual = found.get("perceptual")
    lpips = perceptual.network if isinstance(perceptual, LPIPSJudge) else _moved(judges.load_lpips(), device)
    assert isinstance(lpips.trunk, SqueezeNet)
    return lpips.trunk


def _is_projected(config: GFPGANTaskConfig) -> bool:
    """Whether its adversary looks through a trained network."""
    return config.adversary is not None and config.adversary.is_projected


def _moved(network: Network, device: torch.device) -> Network:
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
