import cv2
import numpy as np
import pytest
import torch

from retrato.restoration.trust import is_largely_guessed, trusts
from retrato.weights.embedders import load_embedder


@pytest.fixture(scope="module")
def embed():
    return load_embedder()


@pytest.fixture
def crop(astronaut):
    return astronaut[0:256, 100:356]


def shrunk(crop, size):
    return cv2.resize(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), crop.shape[1::-1])


def test_the_less_is_left_of_a_face_the_less_it_is_trusted(embed, crop):
    crops = [shrunk(crop, size) for size in (128, 48, 32, 24, 16, 8)]
    found = trusts(embed, crops, crops)
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.7
    assert found[-1] == pytest.approx(0, abs=0.05)


def test_another_face_is_not_trusted(embed, crop):
    own, mirrored, scrambled = trusts(embed, [crop] * 3, [crop, crop[:, ::-1], np.rot90(crop, 2)])
    assert own > mirrored > 0.5
    assert is_largely_guessed(scrambled)


def test_how_far_a_face_is_trusted_does_not_hang_on_those_beside_it(embed, crop):
    blurred = shrunk(crop, 40)
    together = trusts(embed, [crop, blurred], [blurred, crop])
    assert together == [*trusts(embed, [crop], [blurred]), *trusts(embed, [blurred], [crop])]
    assert trusts(embed, [], []) == []


def test_trust_is_the_likeness_to_the_crop_times_its_unlikeness_to_nobody():
    directions = {0: [1.0, 0.0], 1: [0.6, 0.8], 2: [0.5, 0.75**0.5]}  # the crop, the crop at eight pixels, the restored
    asked = iter([0, 2, 1])
    found = trusts(
        lambda _: torch.tensor([directions[next(asked)]]),
        [np.zeros((64, 64, 3), np.uint8)],
        [np.zeros((64, 64, 3), np.uint8)],
    )
    assert found == [pytest.approx(0.5 * (1 - 0.6))]


def test_of_what_nobody_knows_nothing_is_said():
    assert not is_largely_guessed(None)
