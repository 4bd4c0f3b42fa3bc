import pytest
import torch

from doubles import TINY
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.noise import noise_seeds
from retrato.restoration.restorer import GFPGANRestorer

CPU = torch.device("cpu")


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = GFPGAN(TINY)
    for name, parameter in network.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.ones_(parameter)
    return network


@pytest.fixture
def small(faces):
    return faces[:, :, ::2, ::2]


def test_each_face_has_noise_of_its_own(small):
    assert len(set(noise_seeds(small, 7).tolist())) == len(small)


def test_another_seed_is_other_noise_for_every_face(small):
    assert not (noise_seeds(small, 7) == noise_seeds(small, 8)).any()


def test_a_face_has_the_same_noise_whatever_is_restored_with_it(network, small):
    restore = GFPGANRestorer(network, "tiny", CPU, noise_seed=7)
    alone = torch.cat([restore(face[None]) for face in small])
    torch.testing.assert_close(restore(small), alone, rtol=0, atol=1e-5)


def test_without_a_seed_the_stored_noise_is_used(network, small):
    expected = network.restore(small).clamp(-1, 1)
    torch.testing.assert_close(GFPGANRestorer(network, "tiny", CPU)(small), expected, rtol=0, atol=1e-5)
    drawn = GFPGANRestorer(network, "tiny", CPU, noise_seed=7)(small)
    assert (drawn - expected).abs().max() > 1e-3
