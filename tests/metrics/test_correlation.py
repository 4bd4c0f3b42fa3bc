import math

import pytest
import torch
from scipy import stats

from retrato.metrics.correlation import pearson, spearman

VALUES = torch.tensor([0.1, 0.9, 0.4, 0.4, -0.3, 0.7])
OTHERS = torch.tensor([0.3, 0.8, 0.1, 0.6, 0.0, 0.8])


def test_both_are_those_of_scipy():
    assert pearson(VALUES, OTHERS) == pytest.approx(stats.pearsonr(VALUES, OTHERS)[0], abs=1e-6)
    assert spearman(VALUES, OTHERS) == pytest.approx(stats.spearmanr(VALUES, OTHERS)[0], abs=1e-6)


def test_a_rising_curve_keeps_the_order_but_is_no_line():
    assert spearman(VALUES, VALUES.exp() ** 4) == pytest.approx(1)
    assert pearson(VALUES, VALUES.exp() ** 4) < 0.95
    assert pearson(VALUES, 3 * VALUES + 1) == pytest.approx(1)
    assert pearson(VALUES, -VALUES) == pytest.approx(-1)


def test_what_never_varies_agrees_with_nothing():
    assert math.isnan(pearson(VALUES, torch.ones(6)))
