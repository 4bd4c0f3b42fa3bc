import math

import pytest
import torch

from retrato.evaluation.summary import change_of, mean_of


def test_the_interval_is_that_of_the_central_limit_theorem_where_this_holds():
    numbers = torch.randn(400, generator=torch.Generator().manual_seed(0)).double()
    mean = mean_of(numbers.tolist())
    half = 1.96 * float(numbers.std()) / math.sqrt(400)
    assert mean.value == pytest.approx(float(numbers.mean()))
    assert mean.low == pytest.approx(mean.value - half, abs=0.1 * half)
    assert mean.high == pytest.approx(mean.value + half, abs=0.1 * half)


def test_the_same_numbers_have_the_same_interval():
    assert mean_of([1.0, 2.0, 4.0, 8.0]) == mean_of([1.0, 2.0, 4.0, 8.0])


def test_equal_numbers_leave_nothing_open():
    mean = mean_of([3.0] * 5)
    assert (mean.value, mean.low, mean.high, mean.face_count) == (3, 3, 3, 5)


def test_faces_without_a_number_are_left_out_and_not_counted():
    mean = mean_of([1.0, math.nan, 3.0])
    assert (mean.value, mean.face_count) == (2, 2)


def test_of_one_face_there_is_no_interval():
    assert math.isnan(mean_of([1.0]).low)


def test_a_perfect_face_makes_an_infinite_mean_without_an_interval():
    mean = mean_of([30.0, math.inf])
    assert mean.value == math.inf
    assert math.isnan(mean.high)


def test_without_any_number_the_mean_is_none():
    mean = mean_of([math.nan])
    assert math.isnan(mean.value)
    assert mean.face_count == 0


def test_a_change_is_known_better_than_what_changed():
    before = [10.0, 20.0, 30.0, 40.0]
    change = change_of(before, [each + 1 for each in before])
    assert (change.value, change.low, change.high) == (1, 1, 1)


def test_a_change_counts_faces_that_have_both_numbers():
    assert change_of([1.0, math.nan, math.inf, 2.0], [2.0, 5.0, 5.0, math.nan]).face_count == 1
