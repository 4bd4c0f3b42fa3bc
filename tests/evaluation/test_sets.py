import pytest
import torch

from retrato.errors import UnmeasurablePictures
from retrato.evaluation.sets import SetFeatures, SetQuestions, compare_with
from retrato.metrics.features import FeatureKind, FeatureSet
from retrato.metrics.measuring import PAIRED
from retrato.metrics.table import metric

KIND = FeatureKind.INCEPTION_768


def colours(pictures):
    return pictures.mean((2, 3))


@pytest.fixture
def pictures():
    return torch.rand(40, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def filled(pictures, keeps_each):
    found = SetFeatures(KIND, "some", colours, keeps_each=keeps_each)
    for picture in pictures:
        found.add(picture)
    return found


def test_folding_a_few_at_a_time_gives_mean_and_covariance_of_all(pictures, monkeypatch):
    monkeypatch.setattr("retrato.evaluation.sets.FEATURES_AT_ONCE", 16)
    found = filled(pictures, keeps_each=False).found()
    features = colours(pictures).double()
    assert found.picture_count == 40
    torch.testing.assert_close(found.mean, features.mean(0))
    torch.testing.assert_close(found.covariance, features.T.cov())


def test_only_what_needs_them_keeps_every_picture_s_features(pictures):
    def keeps(*names):
        questions = SetQuestions(tuple(metric(name) for name in names), {KIND: colours})
        (found,) = questions.collectors("some")
        for picture in pictures:
            found.add(picture)
        return isinstance(found.found(), FeatureSet)

    assert not keeps("fid-768")
    assert keeps("fid-768", "kid-768")


def test_a_set_without_pictures_is_refused():
    with pytest.raises(UnmeasurablePictures, match="some has no pictures"):
        SetFeatures(KIND, "some", colours, keeps_each=True).found()


def test_every_distance_is_measured_or_named(pictures):
    questions = SetQuestions((metric("fid-768"), metric("kid-768")), {KIND: colours})
    reference = FeatureSet(KIND, PAIRED, colours(pictures)).statistics
    found, missing = compare_with(questions, [filled(pictures, keeps_each=True)], {KIND: reference})
    assert [(each.metric, each.reference_name) for each in found] == [("fid-768", PAIRED)]
    assert found[0].value == pytest.approx(0, abs=1e-6)
    assert "only mean and covariance" in missing["kid-768"]


def test_without_a_reference_nothing_is_compared(pictures):
    questions = SetQuestions((metric("fid-768"),), {KIND: colours})
    found, missing = compare_with(questions, [filled(pictures, keeps_each=False)], {})
    assert found == []
    assert "give targets, or name a reference" in missing["fid-768"]
