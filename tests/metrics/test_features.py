import numpy as np
import pytest
import torch

from retrato.errors import UnmeasurablePictures
from retrato.metrics.features import (
    FeatureKind,
    FeatureSet,
    collect_features,
    collect_statistics,
    load_extractor,
)

KIND = FeatureKind.INCEPTION_768


def colours(pictures):
    """Stands for a network: three features."""
    return pictures.mean((2, 3))


@pytest.fixture
def pictures(rng):
    return torch.rand(23, 3, 4, 4, generator=rng) * 2 - 1


def test_statistics_of_batches_are_those_of_the_whole(pictures):
    found = collect_statistics(pictures.split(5), colours, KIND, "colours")
    values = colours(pictures).double().numpy()
    np.testing.assert_allclose(found.mean.numpy(), values.mean(0), rtol=1e-9)
    np.testing.assert_allclose(found.covariance.numpy(), np.cov(values, rowvar=False), rtol=1e-9)
    assert found.picture_count == 23


def test_batches_of_single_pictures_are_joined(pictures):
    alone, together = (collect_statistics(pictures.split(size), colours, KIND, "colours") for size in (1, 23))
    torch.testing.assert_close(alone.covariance, together.covariance)


def test_a_set_of_features_has_the_same_statistics(pictures):
    kept = collect_features(pictures.split(5), colours, KIND, "colours").statistics
    collected = collect_statistics(pictures.split(5), colours, KIND, "colours")
    torch.testing.assert_close(kept.covariance, collected.covariance)


def test_a_set_without_pictures_is_refused():
    with pytest.raises(UnmeasurablePictures, match="no pictures"):
        collect_features([], colours, KIND, "nothing")
    with pytest.raises(UnmeasurablePictures, match="fewer than two"):
        collect_statistics([], colours, KIND, "nothing")


def test_different_sets_are_not_joined():
    one, other = (FeatureSet(KIND, name, torch.eye(3)).statistics for name in ("one", "other"))
    with pytest.raises(UnmeasurablePictures, match="one and of other"):
        one.joined(other)


def test_features_are_as_many_as_their_kind_says(published, faces):
    published("inception-2015-768")
    assert load_extractor(KIND, torch.device("cpu"))(faces).shape == (4, 768)
