import torch

from retrato.networks.noise import seeded_noise


def test_is_standard_normal():
    noise = seeded_noise(torch.arange(16), (3, 64, 64))
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01
    assert abs((noise.square().square().mean() / 3) - 1) < 0.03  # the fourth moment of a normal distribution is three


def test_a_seed_gives_the_same_noise_in_any_batch():
    alone = seeded_noise(torch.tensor([7]), (3, 8, 8))
    together = seeded_noise(torch.tensor([1, 7]), (3, 8, 8))
    assert torch.equal(alone[0], together[1])


def test_seeds_pixels_and_channels_are_unrelated():
    noise = seeded_noise(torch.tensor([0, 1]), (3, 128, 128))
    for one, other in ((noise[0], noise[1]), (noise[:, :, 1:], noise[:, :, :-1]), (noise[:, 0], noise[:, 1])):
        assert abs((one * other).mean()) < 0.02
