import math

import pytest

from retrato.evaluation.gate import PUBLISHED_METRIC, STAND_IN_METRIC, IdentityGate, failures, pair_metric


def test_faces_below_the_threshold_fail_the_worst_first():
    cosines = {"same": 0.9, "other": 0.1, "just": 0.5, "nearly": 0.49}
    assert failures(IdentityGate(0.5), cosines) == ("other", "nearly")


def test_a_face_that_cannot_be_recognised_fails_first():
    assert failures(IdentityGate(0.5), {"a": 0.1, "b": math.nan}) == ("b", "a")


def test_another_network_s_verdict_is_not_called_that_of_the_challenge():
    assert "NTIRE's gate" in IdentityGate(0.6, PUBLISHED_METRIC).words
    words = IdentityGate(0.6, STAND_IN_METRIC).words
    assert "MobileFaceNet" in words
    assert "not NTIRE's verdict" in words


def test_a_metric_of_single_pictures_is_no_gate():
    with pytest.raises(TypeError, match="niqe does not compare"):
        pair_metric("niqe")
