from dataclasses import replace

import pytest
import torch

from doubles import (
    TINY,
    TINY_ADVERSARY,
    TINY_AUTOENCODER_TASK,
    TINY_CYCLEGAN_TASK,
    TINY_DCGAN_TASK,
    TINY_EMBEDDER_TASK,
    TINY_PIX2PIX_TASK,
    TINY_STYLEGAN2_TASK,
    TINY_TASK,
    a_batch,
    published_weights,
    tiny_autoencoder_task,
    tiny_cyclegan_task,
    tiny_dcgan_task,
    tiny_embedder_task,
    tiny_pix2pix_task,
    tiny_stylegan2_task,
    tiny_task,
)
from retrato.data import FaceBatch
from retrato.errors import UnknownRecipe, UnusableSetting, UnusableWeights
from retrato.networks.component_discriminator import ComponentDiscriminatorConfig
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.networks.projected_discriminator import ProjectedDiscriminatorConfig
from retrato.networks.resampling import Resampling
from retrato.networks.stylegan2 import StyleGAN2Generator
from retrato.training.build import build_task, judging_weights, start_from, start_from_prior
from retrato.training.division import Division
from retrato.training.loop import learning_rate_decay
from retrato.training.recipes import RECIPES, recipe
from retrato.training.settings import with_setting
from retrato.training.tasks.autoencoder import AutoencoderTaskConfig
from retrato.training.tasks.cyclegan import CycleGANTaskConfig
from retrato.training.tasks.dcgan import DCGANTaskConfig
from retrato.training.tasks.embedder import EmbedderTaskConfig
from retrato.training.tasks.gfpgan import GFPGANTaskConfig
from retrato.training.tasks.judges import IdentityKind, PerceptualKind
from retrato.training.tasks.pix2pix import Pix2PixTaskConfig
from retrato.training.tasks.stylegan2 import StyleGAN2TaskConfig
from retrato.weights.load import load_gfpgan
from retrato.weights.store import write_weights


def at_a_tiny_size(config):
    """A recipe's task with everything but its networks' sizes."""
    if isinstance(config, DCGANTaskConfig):
        return replace(config, network=TINY_DCGAN_TASK.network, discriminator=TINY_DCGAN_TASK.discriminator)
    if isinstance(config, Pix2PixTaskConfig | CycleGANTaskConfig):
        tiny = TINY_PIX2PIX_TASK if isinstance(config, Pix2PixTaskConfig) else TINY_CYCLEGAN_TASK
        return replace(config, network=tiny.network, discriminator=tiny.discriminator, jitter_size=tiny.jitter_size)
    if isinstance(config, AutoencoderTaskConfig):
        tiny = TINY_AUTOENCODER_TASK
        return replace(config, network=tiny.network, discriminator=tiny.discriminator, first_adversarial_iteration=0)
    if isinstance(config, EmbedderTaskConfig):
        return replace(config, network=TINY_EMBEDDER_TASK.network, image_size=TINY_EMBEDDER_TASK.image_size)
    if not isinstance(config, GFPGANTaskConfig):
        return replace(
            config,
            network=replace(
                TINY_STYLEGAN2_TASK.network, fold=config.network.fold, resampling=config.network.resampling
            ),
            discriminator=_tiny(config.discriminator),
        )
    prior = replace(TINY.prior, fold=config.network.prior.fold, resampling=config.network.prior.resampling)
    adversary = replace(
        config.adversary,
        discriminator=_tiny(config.adversary.discriminator),
        component_discriminator=_tiny(config.adversary.component_discriminator),
        first_iteration=0,
    )
    return replace(config, network=replace(config.network, prior=prior), adversary=adversary)


def _tiny(config):
    if isinstance(config, ProjectedDiscriminatorConfig):
        return TINY_AUTOENCODER_TASK.discriminator
    if isinstance(config, ComponentDiscriminatorConfig):
        return TINY_ADVERSARY.component_discriminator
    return replace(TINY_ADVERSARY.discriminator, fold=config.fold)


MAKERS = {
    GFPGANTaskConfig: tiny_task,
    StyleGAN2TaskConfig: tiny_stylegan2_task,
    AutoencoderTaskConfig: tiny_autoencoder_task,
    EmbedderTaskConfig: tiny_embedder_task,
    DCGANTaskConfig: tiny_dcgan_task,
    Pix2PixTaskConfig: tiny_pix2pix_task,
    CycleGANTaskConfig: tiny_cyclegan_task,
}


def batch_for(task):
    batch = a_batch(4, task.image_size)
    return FaceBatch(batch.pictures.repeat(1, 1, 1, task.framing.squares), batch.places)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_at_a_tiny_size_and_takes_one_step(name):
    config = at_a_tiny_size(recipe(name).task)
    task = MAKERS[type(config)](config)
    before = {name: [each.clone() for each in player.network.parameters()] for name, player in task.players.items()}
    terms = task.step(batch_for(task), torch.Generator().manual_seed(0), 0, 1.0)
    assert all(each.isfinite() for each in terms.values())
    for player_name, player in task.players.items():
        moved = [not torch.equal(*pair) for pair in zip(before[player_name], player.network.parameters(), strict=True)]
        assert any(moved)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_what_it_is(name):
    assert len((RECIPES[name].__doc__ or "").splitlines()[0]) > 30


def test_a_prior_and_its_restorer_are_of_one_shape():
    pairs = (("stylegan2-512", "gfpgan-512"), ("stylegan2-256-compact", "gfpgan-256-compact"))
    for prior, restorer in pairs:
        trained = recipe(prior).task.network
        assert replace(trained, mapping_layers=0) == recipe(restorer).task.network.prior


def test_the_published_recipe_has_the_published_shapes():
    with torch.device("meta"):
        restorer = GFPGAN(recipe("gfpgan-512").task.network)
        prior = StyleGAN2Generator(recipe("stylegan2-512").task.network)
    mapping = 8 * (512 * 512 + 512)
    assert sum(each.numel() for each in restorer.parameters()) + mapping == pytest.approx(76.21e6, rel=1e-3)
    assert sum(each.numel() for each in prior.parameters()) == pytest.approx(24.86e6, rel=1e-2)


def test_the_published_recipe_takes_the_published_judges_and_order():
    config = recipe("gfpgan-512").task
    assert (config.perceptual, config.identity) == (PerceptualKind.VGG, IdentityKind.ARCFACE)
    loop = recipe("gfpgan-512").loop
    decays = [learning_rate_decay(each, loop) for each in (0, 599_999, 600_000, 700_000)]
    assert decays == [1, 1, 0.5, 0.25]


def test_the_simple_recipe_has_neither_components_nor_identity():
    config = at_a_tiny_size(recipe("gfpgan-512-simple").task)
    task = tiny_task(config)
    assert set(task.players) == {"restorer", "face"}
    terms = task.step(a_batch(4), torch.Generator().manual_seed(0), 0, 1.0)
    assert not {"loss/identity", "loss/component", "loss/component_style"} & terms.keys()


def test_the_pyramid_no_longer_counts_from_its_iteration_on():
    config = at_a_tiny_size(recipe("gfpgan-512").task)
    task = tiny_task(replace(config, losses=replace(config.losses, pyramid_until=1)))
    terms = [task.step(a_batch(4), torch.Generator().manual_seed(0), iteration, 1.0) for iteration in range(2)]
    assert ["loss/pyramid" in each for each in terms] == [True, False]


def test_a_frozen_prior_stays_as_it_came_and_is_no_optimisers_business():
    config = at_a_tiny_size(recipe("gfpgan-512").task)
    task = tiny_task(config)
    before = {name: each.clone() for name, each in task.restorer.network.named_parameters()}
    task.step(a_batch(4), torch.Generator().manual_seed(0), 0, 1.0)
    for name, each in task.restorer.network.named_parameters():
        assert torch.equal(each, before[name]) == name.startswith("prior."), name
    groups = [group for optimizer in task.restorer.optimizers.values() for group in optimizer.param_groups]
    learning = sum(len(group["params"]) for group in groups)
    assert learning == sum(1 for name in before if not name.startswith("prior."))


def test_a_trained_prior_starts_a_restorer(tmp_path):
    trained = tiny_stylegan2_task()
    write_weights(tmp_path / "prior.safetensors", trained.weights())
    task = tiny_task()
    start_from_prior(task, str(tmp_path / "prior.safetensors"))
    weights = trained.generator.average.state_dict()
    for name, tensor in task.restorer.network.prior.state_dict().items():
        assert torch.equal(tensor, weights[name])
        assert torch.equal(task.restorer.average.prior.state_dict()[name], tensor)


def test_a_prior_of_another_shape_is_refused(tmp_path):
    network = replace(TINY_STYLEGAN2_TASK.network, style_size=4)
    write_weights(
        tmp_path / "prior.safetensors", tiny_stylegan2_task(replace(TINY_STYLEGAN2_TASK, network=network)).weights()
    )
    with pytest.raises(UnusableWeights, match=r"the recipe's: style_size 4 \(the recipe: 8\);"):
        start_from_prior(tiny_task(), str(tmp_path / "prior.safetensors"))


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("gfpgan-512", ["vgg19", "arcface"]),
        ("gfpgan-512-simple", ["vgg19"]),
        ("gfpgan-128-laptop", ["lpips-squeezenet", "mobilefacenet"]),
        ("stylegan2-512", []),
    ],
)
def test_the_networks_that_judge_a_recipe_are_known_before_they_are_loaded(name, weights):
    assert judging_weights(recipe(name).task) == weights


def test_what_an_adversary_looks_through_is_fetched_once():
    config = recipe("gfpgan-256-compact").task
    assert judging_weights(config) == ["lpips-squeezenet", "mobilefacenet"]
    assert judging_weights(replace(config, perceptual=PerceptualKind.VGG)) == [
        "vgg19",
        "mobilefacenet",
        "lpips-squeezenet",
    ]


def test_only_a_restorer_starts_from_a_prior(tmp_path):
    with pytest.raises(UnusableSetting, match="--start-from"):
        start_from_prior(tiny_stylegan2_task(), "prior.safetensors")


def test_a_prior_starts_from_a_prior(tmp_path):
    trained = tiny_stylegan2_task()
    trained.step(a_batch(4), torch.Generator().manual_seed(0), 0, 1.0)
    write_weights(tmp_path / "prior.safetensors", trained.weights())
    task = tiny_stylegan2_task()
    start_from(task, str(tmp_path / "prior.safetensors"))
    assert torch.equal(task.generator.network.constant, trained.generator.average.constant)


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(UnknownRecipe, match="gfpgan-256-compact"):
        recipe("gfpgan-9000")


@pytest.mark.parametrize("kind", ["clean", "bilinear", "original"])
def test_a_restorer_starts_from_a_published_one_and_trains_on(tmp_path, kind):
    resampling = Resampling.FIR if kind == "original" else Resampling.BILINEAR
    file = tmp_path / "GFPGAN.pth"
    torch.save({"params_ema": published_weights(f"gfpgan_{kind}.safetensors")}, file)
    published = load_gfpgan(file)
    prior = replace(published.config.prior, mapping_layers=0)
    assert prior.resampling is resampling
    task = tiny_task(replace(TINY_TASK, network=GFPGANConfig(prior)))
    start_from(task, str(file))
    faces = torch.rand(1, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(task.restorer.average.restore(faces), published.restore(faces))
    terms = task.step(a_batch(2, 64), torch.Generator().manual_seed(0), 0, 1.0)
    assert all(each.isfinite() for each in terms.values())


def test_the_published_numbers_stand_in_the_published_recipe():
    """options/train_gfpgan_v1.yml of TencentARC/GFPGAN; betas and average as BasicSR computes them."""
    task = recipe("gfpgan-512").task
    losses = task.losses
    assert (losses.pixel, losses.pyramid, losses.pyramid_until) == (0.1, 1.0, 50_000)
    assert (losses.perceptual, losses.style, losses.identity) == (1.0, 50.0, 10.0)
    adversary = task.adversary
    assert (adversary.face_weight, adversary.component_weight, adversary.style_weight) == (0.1, 1.0, 200.0)
    assert (adversary.penalty_weight, adversary.penalty_every) == (10.0, 16)
    assert adversary.component_discriminator == ComponentDiscriminatorConfig(channels=64)
    players = (task.restorer, adversary.learning, adversary.component_learning)
    assert [each.learning_rate for each in players] == [2e-3] * 3
    assert [each.betas[1] for each in players] == pytest.approx([0.99, 0.990585, 0.99], abs=1e-6)
    assert [each.betas[0] for each in players] == [0, 0, 0.9]
    assert [each.average_decay for each in players] == pytest.approx([0.997784] * 3, abs=1e-6)
    assert all(each.equalized and each.largest_gradient is None and not each.warmup_iterations for each in players)
    assert (task.freeze_prior, task.drawn_noise) == (True, True)
    loop = recipe("gfpgan-512").loop
    assert (loop.iterations, loop.batch_size) == (800_000, 12)


def test_the_published_numbers_stand_in_the_priors_recipe():
    """options/train/StyleGAN of BasicSR, and the name of the published file (B12)."""
    task = recipe("stylegan2-512").task
    assert (task.mixing_share, task.path_weight, task.path_every, task.path_shrink) == (0.9, 2.0, 4, 2)
    assert (task.penalty_weight, task.penalty_every, task.augmentation) == (10.0, 16, None)
    players = (task.generator_learning, task.discriminator_learning)
    assert [each.betas[1] for each in players] == pytest.approx([0.991992, 0.990585], abs=1e-6)


def test_drawn_noise_is_another_in_every_step():
    task = tiny_task(replace(TINY_TASK, drawn_noise=True))
    with torch.no_grad():
        task.restorer.network.prior.first.noise_strength.fill_(1.0)
    batch, same = a_batch(2), torch.Generator()
    losses = [
        task._losses(*task.restorer.network(part.degraded, part.noise_seeds), part.target, same, 0)["pixel"].item()
        for seed in (0, 0, 1)
        for part in task._degraded_parts(batch, torch.Generator().manual_seed(seed))
    ]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    "setting",
    [
        "task.adversary.penalty_every=0",
        "task.losses.pixel=text",
        "task.losses.pixel=NaN",
        "task.degradation.grey_share=1.5",
        "task.degradation.mildness=-1",
        "task.degradation.light.factor=[0, 2]",
        "task.degradation.light.factor=[-1, 1]",
        "task.degradation.blur_sigma=[10, 0.1]",
        "task.degradation.noise_sigma=[-1, 5]",
        "task.degradation.noise_sigma=[0, NaN]",
        "task.degradation.shrink=[0, 4]",
        "task.degradation.jpeg_quality=[60, 101]",
        "task.degradation.colour.hue=[0.1, -0.1]",
        'task.degradation.old_photo={"share": 2}',
    ],
)
def test_settings_that_make_no_sense_are_refused(setting):
    with pytest.raises(UnusableSetting):
        with_setting(recipe("gfpgan-256-compact"), setting)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("gfpgan-128-laptop", "task.adversary.discriminator.image_size=64"),
        ("gfpgan-256-compact", "task.adversary.learning.equalized=true"),
        ("gfpgan-256-compact", "task.restorer.learning_rate=-1"),
        ("gfpgan-256-compact", "task.restorer.betas=[0.9, 1.0]"),
        ("gfpgan-256-compact", "task.adversary.component_discriminator.channels=0"),
        ("gfpgan-256-compact", "loop.seed=99999999999999999999"),
        ("gfpgan-256-compact", 'task.losses={"pixel": 0, "pyramid": 0, "perceptual": 0, "identity": 0}'),
        ("stylegan2-256-compact", "task.network.image_size=128"),
        ("stylegan2-256-compact", "task.network.mapping_layers=0"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(name, setting):
    def build():
        changed = with_setting(recipe(name), setting)
        if "losses" in setting:
            changed = with_setting(changed, "task.adversary=null")
        build_task(changed.task, torch.device("cpu"), Division())

    with pytest.raises(UnusableSetting):
        build()
