import math

import pytest
import torch

from retrato.losses import likeness_loss, relation_loss


def on_a_circle(*degrees):
    """Embeddings of two numbers at these angles."""
    return torch.tensor([[math.cos(math.radians(each)), math.sin(math.radians(each))] for each in degrees])


def test_the_same_relations_in_another_place_cost_nothing():
    found, wanted = on_a_circle(0, 30, 90), on_a_circle(40, 70, 130)
    assert relation_loss(found, wanted).item() == pytest.approx(0, abs=1e-6)
    assert likeness_loss(found[:2], wanted[:2]).item() == pytest.approx(0, abs=1e-6)


def test_the_relation_of_two_counts_twice_among_four():
    """cos 60 is 0.5, cos 90 is 0; each of two faces is compared with both."""
    assert relation_loss(on_a_circle(0, 60), on_a_circle(0, 90)).item() == pytest.approx(2 * 0.5**2 / 4, abs=1e-6)


def test_likeness_compares_the_first_half_with_the_second_in_order():
    found, wanted = on_a_circle(0, 0, 60, 0), on_a_circle(0, 0, 90, 0)
    assert likeness_loss(found, wanted).item() == pytest.approx(0.5**2 / 2, abs=1e-6)
