import math

import pytest
import torch

from retrato.metrics.identity import angles, cosines

ONE, OTHER = torch.tensor([[1.0, 0], [3, 0], [1, 0]]), torch.tensor([[2.0, 0], [0, 1], [1, math.sqrt(3)]])


def test_cosines_do_not_count_lengths():
    assert cosines(ONE, OTHER).tolist() == pytest.approx([1, 0, 0.5], abs=1e-6)


def test_angles_are_in_degrees():
    assert angles(ONE, OTHER).tolist() == pytest.approx([0, 90, 60], abs=1e-4)


def test_opposite_embeddings_are_180_degrees_apart():
    assert angles(ONE, -ONE).tolist() == pytest.approx([180] * 3)


def test_angles_far_below_a_degree_are_told_apart():
    turned = torch.tensor([[1.0, math.radians(0.001)]])
    assert angles(turned, torch.tensor([[1.0, 0]])).item() == pytest.approx(0.001, rel=1e-3)
