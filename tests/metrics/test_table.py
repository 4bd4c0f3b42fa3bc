import pytest

from retrato.errors import UnknownMetric
from retrato.metrics.table import METRICS, metric
from retrato.weights.catalog import published_file


def test_names_are_unique_and_can_be_typed():
    names = [each.name for each in METRICS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and " " not in name for name in names)


@pytest.mark.parametrize("each", METRICS, ids=lambda each: each.name)
def test_every_file_that_a_metric_needs_is_in_the_catalog(each):
    for choice in each.weights:
        for name in choice:
            assert published_file(name).licence


@pytest.mark.parametrize("each", METRICS, ids=lambda each: each.name)
def test_every_metric_says_what_it_says_and_what_not(each):
    assert all((each.title, each.says, each.does_not_say, each.source))


def test_a_metric_is_found_by_its_name():
    assert metric("fid").title == "Fréchet Inception Distance"


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownMetric, match="psnr, psnr-luma"):
        metric("sharpness")
