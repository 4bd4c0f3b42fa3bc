from dataclasses import replace

import numpy as np
import pytest
import torch

from doubles import tiny_cyclegan_task, tiny_pix2pix_task
from retrato.errors import UnusableSetting, UnusableWeights
from retrato.restoration.loading import load_restorer
from retrato.translation import PairKind, Translator, drawn_edges, source_of
from retrato.weights.load import load_drawer
from retrato.weights.store import write_weights


@pytest.fixture
def weights(tmp_path):
    write_weights(tmp_path / "edges.safetensors", tiny_pix2pix_task().weights())
    return tmp_path / "edges.safetensors"


@pytest.fixture
def small(faces):
    return faces[..., :32, :32].contiguous()


def test_the_edges_of_a_square_are_its_outline():
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:44, 20:44] = 255
    lines = np.argwhere(drawn_edges(image)[..., 0] == 0)
    assert 70 < len(lines) < 120
    distance = np.abs(np.maximum(np.abs(lines[:, 0] - 31.5), np.abs(lines[:, 1] - 31.5)) - 12)
    assert distance.max() <= 2


def test_a_source_without_colours_keeps_the_light(small):
    source = source_of(PairKind.GREY, small)
    assert torch.equal(source[:, 0], source[:, 2])
    torch.testing.assert_close(source[:, 0], 0.299 * small[:, 0] + 0.587 * small[:, 1] + 0.114 * small[:, 2])


@pytest.mark.parametrize("kind", [PairKind.OWN, PairKind.DEGRADED])
def test_a_source_by_chance_is_not_made_of_a_target(kind, small):
    with pytest.raises(ValueError, match="give the source itself"):
        source_of(kind, small)


def test_a_translator_gives_the_same_every_time_whatever_is_beside_it(weights, small):
    for seed in (None, 3):
        translate = Translator.from_weights(weights, "cpu", seed)
        torch.testing.assert_close(translate(small)[1:2], translate(small[1:2]), rtol=0, atol=1e-5)
    assert translate.name == "Pix2Pix, weights edges.safetensors, noise seed 3"


def test_another_seed_gives_another_picture(weights, small):
    first, second = (Translator.from_weights(weights, "cpu", seed)(small) for seed in (1, 2))
    assert not torch.equal(first, second)


def test_the_weights_say_what_they_have_learned_from(weights):
    assert Translator.from_weights(weights, "cpu").pairs is PairKind.EDGES


def test_what_has_not_learned_from_degraded_faces_restores_none(weights):
    with pytest.raises(UnusableWeights, match=r"learned from edges pairs.*retrato translate"):
        load_restorer(weights, "cpu")


def test_a_translator_draws_nothing_by_chance(weights):
    with pytest.raises(UnusableWeights, match="weights for Pix2Pix, which draws nothing by chance"):
        load_drawer(weights)


def test_weights_that_do_not_say_their_pairs_are_refused(tmp_path):
    stored = tiny_pix2pix_task().weights()
    write_weights(tmp_path / "untold.safetensors", replace(stored, story={}))
    with pytest.raises(UnusableWeights, match="learned from nothing pairs"):
        Translator.from_weights(tmp_path / "untold.safetensors", "cpu")


def test_no_gfpgan_translates():
    with pytest.raises(UnusableWeights, match="weights for GFP-GAN, not for Pix2Pix or CycleGAN"):
        Translator.from_weights("bundled", "cpu")


def test_pix2pix_has_one_direction(weights):
    with pytest.raises(UnusableSetting, match="one direction"):
        Translator.from_weights(weights, "cpu", backwards=True)


def test_cyclegan_has_no_noise_and_restores_no_faces(tmp_path):
    write_weights(tmp_path / "horses.safetensors", tiny_cyclegan_task().weights())
    with pytest.raises(UnusableSetting, match="no noise"):
        Translator.from_weights(tmp_path / "horses.safetensors", "cpu", 3)
    with pytest.raises(UnusableWeights, match="weights for CycleGAN, which restores no faces"):
        load_restorer(tmp_path / "horses.safetensors", "cpu")
