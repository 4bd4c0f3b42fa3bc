import json

import numpy as np
import pytest
import torch

from doubles import REFERENCE
from retrato.errors import UnmeasurablePictures
from retrato.metrics.features import FeatureKind, FeatureSet
from retrato.metrics.set_distances import frechet_distance, kernel_distance, precision, recall

EXPECTED = json.loads((REFERENCE / "metric_networks.json").read_text())["sets"]
KIND = FeatureKind.INCEPTION_768


def features_of(values, name="a set", kind=KIND):
    return FeatureSet(kind, name, torch.as_tensor(values, dtype=torch.float32))


@pytest.fixture
def found():
    return features_of(EXPECTED["found"], "found")


@pytest.fixture
def reference():
    return features_of(EXPECTED["reference"], "reference")


def test_frechet_s_distance_is_that_of_scipy_s_root(found, reference):
    expected = EXPECTED["frechet"]
    assert frechet_distance(found.statistics, reference.statistics) == pytest.approx(expected, rel=1e-5)


def test_frechet_s_distance_also_of_fewer_pictures_than_features(found, reference):
    few = features_of(found.features[:8]).statistics
    assert frechet_distance(few, reference.statistics) == pytest.approx(EXPECTED["frechet-of-eight"], rel=1e-4)


def test_frechet_s_distance_of_gaussians_along_axes_is_known():
    one = FeatureSet(KIND, "one", torch.tensor([[0.0, 0], [2, 0], [0, 2], [2, 2]])).statistics
    other = FeatureSet(KIND, "other", torch.tensor([[3.0, 0], [9, 0], [3, 2], [9, 2]])).statistics
    # means (1, 1) and (6, 1); deviations sqrt(4/3) and 3 sqrt(4/3) across, equal down
    assert frechet_distance(one, other) == pytest.approx(25 + 4 * 4 / 3)


def test_a_set_is_no_distance_from_itself(found):
    assert frechet_distance(found.statistics, found.statistics) == pytest.approx(0, abs=1e-6)


def test_one_picture_is_no_set(found):
    with pytest.raises(UnmeasurablePictures, match="fewer than two"):
        frechet_distance(features_of(found.features[:1]).statistics, found.statistics)


def by_hand(one, other):
    """The unbiased discrepancy, term by term."""
    kernel = [[(a @ b / len(a) + 1) ** 3 for b in (*one, *other)] for a in (*one, *other)]
    kernel, n, m = np.array(kernel), len(one), len(other)
    within = sum(kernel[i, j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other_within = sum(kernel[n + i, n + j] for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + other_within - 2 * kernel[:n, n:].mean()


def test_the_kernel_distance_of_whole_sets_is_the_unbiased_estimate(found, reference):
    expected = by_hand(np.array(EXPECTED["found"]), np.array(EXPECTED["reference"]))
    distance = kernel_distance(found, reference)
    assert distance.mean == pytest.approx(expected, rel=1e-5)
    assert distance.deviation == 0


def test_the_kernel_distance_of_equal_distributions_is_unbiased():
    rng = torch.Generator().manual_seed(0)
    pairs = [(torch.randn(20, 4, generator=rng), torch.randn(30, 4, generator=rng)) for _ in range(400)]
    distances = [kernel_distance(features_of(one), features_of(other)).mean for one, other in pairs]
    assert abs(np.mean(distances)) < 3 * np.std(distances) / 20


def test_subsets_are_drawn_by_the_seed(found, reference):
    first, again, other = (
        kernel_distance(found, reference, subset_size=20, subsets=10, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert first.deviation > 0


def test_subsets_scatter_about_the_whole(found, reference):
    whole = kernel_distance(found, reference).mean
    parts = kernel_distance(found, reference, subset_size=25, subsets=200)
    assert parts.mean == pytest.approx(whole, abs=4 * parts.deviation / np.sqrt(200) + 0.05 * whole)


def covered_by_hand(features, manifold):
    def lies_within(each):
        for place in manifold:
            radius = sorted(np.linalg.norm(place - own) for own in manifold)[3]
            if np.linalg.norm(each - place) <= radius:
                return True
        return False

    return np.mean([lies_within(each) for each in features])


def test_precision_and_recall_are_those_of_the_third_neighbours():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(30, 3)), rng.normal(0.8, 1.2, size=(25, 3))
    found, reference = features_of(one), features_of(other)
    assert precision(found, reference) == pytest.approx(covered_by_hand(one, other))
    assert recall(found, reference) == pytest.approx(covered_by_hand(other, one))
    assert 0 < precision(found, reference) < 1


def test_one_good_picture_again_and_again_is_precise_and_covers_little(reference):
    repeated = features_of(reference.features[:1].repeat(20, 1))
    assert precision(repeated, reference) == 1
    assert recall(repeated, reference) == pytest.approx(1 / reference.picture_count)


@pytest.mark.parametrize("measure", [precision, recall])
def test_too_few_pictures_have_no_third_neighbour(measure, found):
    few = features_of(found.features[:3])
    with pytest.raises(UnmeasurablePictures, match="4 or more"):
        measure(few, few)


@pytest.mark.parametrize("measure", [kernel_distance, precision, recall])
def test_features_of_two_kinds_are_not_compared(measure, found):
    other = features_of(found.features, "other", FeatureKind.INCEPTION_2048)
    with pytest.raises(UnmeasurablePictures, match="measure both with the same"):
        measure(found, other)
