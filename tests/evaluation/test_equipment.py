import pytest

from retrato.errors import UnavailableWeights, UnknownMetric
from retrato.evaluation.equipment import STANDARD, chosen_metrics, equip, gate_for
from retrato.metrics.table import metric
from retrato.weights import download


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """No file, and no connection."""

    def offline(published, _):
        raise UnavailableWeights(f"no connection for {published.name}")

    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setattr(download, "download", offline)


def test_without_names_the_standard_metrics_and_all_that_need_nothing_are_asked_for(nothing_here):
    names = {each.name for each in chosen_metrics()}
    assert names >= set(STANDARD) | {"psnr-luma", "five-landmark-distance", "relative-sharpness"}
    assert not names & {"fid", "kid-768", "path-length", "lpips-vgg16"}


def test_names_choose_and_the_order_is_theirs():
    assert [each.name for each in chosen_metrics(["niqe", "psnr", "niqe"])] == ["niqe", "psnr"]


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownMetric, match="no metric called 'beauty'"):
        chosen_metrics(["beauty"])


def test_what_is_not_here_is_named_and_the_others_are_ready(nothing_here):
    equipment = equip(chosen_metrics(["psnr", "niqe", "fid"]))
    assert equipment.measures.pairs.keys() == {"psnr"}
    assert equipment.missing.keys() == {"niqe", "fid"}


def test_published_statistics_that_are_nowhere_leave_only_sets_unmeasured(nothing_here, monkeypatch):
    monkeypatch.setattr("retrato.evaluation.equipment.load_extractor", lambda *_: lambda pictures: pictures)
    monkeypatch.setattr("retrato.metrics.measuring.find_here", lambda name: name)
    equipment = equip([metric("psnr"), metric("fid")], "ffhq-512")
    assert equipment.measures.pairs.keys() == {"psnr"}
    assert equipment.sets.metrics == ()
    assert "no connection for ffhq-512-statistics" in equipment.missing["fid"]


def test_the_gate_takes_the_published_network_where_it_is_measured():
    assert gate_for(0.6, ["identity-mobilefacenet", "identity-adaface-ir50"]).is_published
    assert gate_for(0.6, ["identity-mobilefacenet"]).metric_name == "identity-mobilefacenet"
    assert gate_for(0.6, ["psnr"]) is None
