from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn

from doubles import TINY_STYLEGAN2_TASK, published_weights
from retrato.errors import UnusableWeights
from retrato.networks.stylegan2 import StyleGAN2Generator, in_every_layer
from retrato.restoration.loading import load_restorer
from retrato.restoration.pulse import (
    PulseConfig,
    PulseRestorer,
    SphericalAdam,
    StyleSphere,
    misfits,
    on_sphere,
    shrunk,
)
from retrato.restoration.restorer import FaceRestorer
from retrato.weights.store import StoredWeights, config_fields, write_weights

CONFIG = TINY_STYLEGAN2_TASK.network
QUICK = PulseConfig(steps=8, shrink=4)


def prior(config=CONFIG):
    torch.manual_seed(0)
    generator = StyleGAN2Generator(config)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            nn.init.constant_(parameter, 0.1)
    return generator


def pulse(config=QUICK, seed=0, generator=None):
    return PulseRestorer(generator or prior(), "weights tiny", torch.device("cpu"), config, seed)


@pytest.fixture
def drawn():
    """A face that the prior can draw."""
    generator = prior().requires_grad_(False)
    style = generator.mapping(torch.randn(1, CONFIG.style_size, generator=torch.Generator().manual_seed(3)))
    return generator(in_every_layer(style, CONFIG.style_layers)).clamp(-1, 1)


# Where styles are


def test_styles_are_known_by_what_the_mapping_gives_before_its_last_leaky_relu():
    generator = prior(replace(CONFIG, mapping_layers=1))
    nn.init.eye_(generator.mapping[0].weight).data.mul_(2)
    nn.init.constant_(generator.mapping[0].bias, -3)
    sphere = StyleSphere.of(generator)  # a latent's coordinates have mean 0 and, normalised together, variance 1
    torch.testing.assert_close(sphere.mean, torch.full((8,), -3.0), rtol=0, atol=0.03)
    torch.testing.assert_close(sphere.spread, torch.full((8,), 2.0), rtol=0, atol=0.03)


def test_points_on_the_sphere_give_the_styles_that_the_mapping_gives():
    generator = prior(replace(CONFIG, mapping_layers=1)).requires_grad_(False)
    rng = torch.Generator().manual_seed(0)
    points = on_sphere(torch.randn(20_000, 1, 8, generator=rng))
    styles = StyleSphere.of(generator).styles(points)[:, 0]
    expected = generator.mapping(torch.randn(20_000, 8, generator=rng))
    for ask in (torch.Tensor.mean, torch.Tensor.std, torch.Tensor.amin, torch.Tensor.amax):
        torch.testing.assert_close(ask(styles, 0), ask(expected, 0), rtol=0.2, atol=0.1)


def test_a_prior_without_a_mapping_is_refused():
    with pytest.raises(UnusableWeights, match="no mapping"):
        pulse(generator=prior(replace(CONFIG, mapping_layers=0)))


# The search


def test_points_stay_on_their_sphere_and_go_where_the_slope_leads():
    rng = torch.Generator().manual_seed(0)
    point, wanted = (on_sphere(torch.randn(1, 2, 16, generator=rng)) for _ in range(2))
    adam = SphericalAdam([point])
    for _ in range(200):
        adam.step([2 * (point - wanted)], 0.1)
        torch.testing.assert_close(point.norm(dim=2), torch.full((1, 2), 4.0))
    assert (point - wanted).norm() < 0.1


def test_a_search_comes_close_to_a_face_that_the_prior_can_draw(drawn):
    restorer = pulse(PulseConfig(steps=60, shrink=4))
    found = list(restorer.search(shrunk(drawn, restorer.small_size), 0))
    assert len(found) == 60
    assert found[-1].misfit < 0.2 * found[0].misfit


def test_what_is_kept_is_the_best_so_far(drawn):
    losses = [each.loss for each in pulse().search(shrunk(drawn, 8), 0)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_a_guess_says_how_far_the_face_it_shows_is_from_what_was_asked(drawn):
    small = shrunk(drawn, 8)
    guess = pulse().guess(small, 0)
    assert guess.face.shape == (1, 3, 32, 32)
    difference = (shrunk(guess.face, 8) - small).numpy() * 127.5
    assert guess.misfit_levels == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-4)


def test_another_seed_finds_another_face_and_the_same_one_the_same(drawn):
    small = shrunk(drawn, 4)
    first, again, other = (pulse().guess(small, seed).face for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.01


def test_the_finest_noise_is_silent_and_the_coarse_ones_are_searched(drawn):
    faces = []
    for layer in (None, "first", "blocks.2.refine"):
        generator = prior(replace(CONFIG, fold=1))
        if layer:
            generator.get_submodule(layer).noise.mul_(-1)
        faces.append(pulse(generator=generator).guess(shrunk(drawn, 8), 0).face)
    assert torch.equal(faces[0], faces[1])
    assert torch.equal(faces[0], faces[2])


def test_noises_that_are_not_searched_are_those_stored(drawn):
    faces = []
    for sign in (1, -1):
        generator = prior()
        generator.first.noise.mul_(sign)
        faces.append(pulse(replace(QUICK, searched_noises=0), generator=generator).guess(shrunk(drawn, 8), 0).face)
    assert not torch.equal(*faces)


@pytest.mark.parametrize("broken", [{"steps": 0}, {"shrink": 0}, {"searched_noises": -1}, {"learning_rate": 0.0}])
def test_a_search_that_is_none_is_refused(broken):
    with pytest.raises(ValueError, match="a search takes"):
        PulseConfig(**broken)


# How it compares


def test_faces_are_shrunk_as_pillow_shrinks_them(faces):
    ours = shrunk(faces, 16)
    for place, face in enumerate(faces):
        for channel in range(3):
            pillow = PIL.Image.fromarray(face[channel].numpy()).resize((16, 16), PIL.Image.Resampling.BICUBIC)
            np.testing.assert_allclose(ours[place, channel].numpy(), np.array(pillow), atol=1e-4)


def test_a_misfit_is_of_values_from_0_to_1():
    assert misfits(torch.full((2, 3, 4, 4), -1.0), torch.ones(2, 3, 4, 4)).tolist() == [1, 1]


# As a restorer


def test_it_is_a_restorer_whose_faces_hang_on_nothing_but_themselves(faces):
    restorer, small = pulse(seed=5), faces[:2, :, :32, :32].contiguous()
    assert isinstance(restorer, FaceRestorer)
    assert (restorer.size, restorer.name) == (32, "PULSE in StyleGAN2, weights tiny, seed 5")
    assert torch.equal(restorer(small)[1:], restorer(small[1:]))


def test_of_a_face_nothing_is_used_but_what_is_left_of_it_downscaled(faces):
    restorer, face = pulse(seed=1), faces[:1, :, :32, :32].contiguous()
    assert torch.equal(restorer(face), restorer.guess(shrunk(face, 8), 1).face)


def test_weights_of_a_prior_choose_it(tmp_path):
    stored = StoredWeights("stylegan2", config_fields(CONFIG), prior().state_dict(), {})
    write_weights(tmp_path / "prior.safetensors", stored)
    restorer = load_restorer(tmp_path / "prior.safetensors", "cpu", noise_seed=2)
    assert isinstance(restorer, PulseRestorer)
    assert restorer.name == "PULSE in StyleGAN2, weights prior.safetensors, seed 2"


def test_a_published_prior_is_searched_as_well(tmp_path):
    torch.save({"params_ema": published_weights("stylegan2_generator.safetensors")}, tmp_path / "StyleGAN2.pth")
    restorer = load_restorer(tmp_path / "StyleGAN2.pth", "cpu")
    assert "published weights StyleGAN2.pth" in restorer.name
    found = restorer.guess(torch.zeros(1, 3, 4, 4), 0)
    assert found.face.shape == (1, 3, restorer.size, restorer.size)


def test_the_papers_numbers_are_the_defaults():
    """Menon et al. (2020): the arguments of run.py in the published code."""
    found = PulseConfig()
    assert (found.steps, found.learning_rate, found.fit_weight, found.cross_weight) == (100, 0.4, 100, 0.05)
    assert (found.wanted_misfit, found.searched_noises) == (1e-3, 5)
