import pytest
import torch

from doubles import by_chance
from retrato.errors import UnavailableWeights, UnmeasurablePictures
from retrato.metrics.feature_files import FFHQ_512
from retrato.metrics.features import FeatureKind, FeatureSet
from retrato.metrics.measuring import PAIRED, available, compare_sets, load_measures
from retrato.metrics.table import METRICS, metric
from retrato.networks.mobilefacenet import MobileFaceNet, MobileFaceNetConfig
from retrato.weights import download

NEED_NOTHING = {"psnr", "psnr-luma", "ssim", "ssim-luma", "ms-ssim", "five-landmark-distance", "identity-compact"} | {
    "laplacian-variance",
    "relative-sharpness",
}


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """No file, and no connection."""

    def offline(published, _):
        raise UnavailableWeights(f"no connection for {published.name}")

    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setattr(download, "download", offline)


def test_without_files_the_formulas_and_what_is_bundled_are_ready(nothing_here):
    found = available()
    assert {each.name for each in found.ready} == NEED_NOTHING
    assert found.missing.keys() == {each.name for each in METRICS} - NEED_NOTHING


def test_a_missing_file_is_named_with_the_way_to_get_it(nothing_here):
    reason = available([metric("lpips-vgg16")]).missing["lpips-vgg16"]
    assert "vgg16 (vgg16-397923af.pth) and lpips-linear-vgg16 (lpips_lin_v0.1_vgg.pth)" in reason
    assert "RETRATO_WEIGHTS" in reason


def test_either_of_two_files_may_do(nothing_here):
    reason = available([metric("fid-768")]).missing["fid-768"]
    assert "inception-2015-768 (inception_v3_2015_768.safetensors) or inception-2015 (" in reason


def test_a_file_that_is_here_makes_its_metric_ready(published):
    published("niqe")
    assert available([metric("niqe")]).missing == {}


def test_what_cannot_be_loaded_is_named_and_the_others_go_on(nothing_here):
    measures = load_measures([metric("dists"), metric("psnr"), metric("niqe"), metric("laplacian-variance")])
    assert measures.pairs.keys() == {"psnr"}
    assert measures.pictures.keys() == {"laplacian-variance"}
    assert measures.missing.keys() == {"dists", "niqe"}
    assert "no connection for" in measures.missing["dists"]


def test_numbers_come_by_metric_and_picture(faces):
    measures = load_measures([metric("psnr"), metric("ssim-luma"), metric("laplacian-variance")])
    found = measures.of_pairs(faces, faces) | measures.of_pictures(faces)
    assert {name: len(each) for name, each in found.items()} == {"psnr": 4, "ssim-luma": 4, "laplacian-variance": 4}


def test_pictures_that_a_metric_refuses_have_no_number_and_the_others_go_on(faces):
    measures = load_measures([metric("ms-ssim"), metric("psnr")])
    found = measures.of_pairs(faces, -faces)
    assert found["ms-ssim"].isnan().all()
    assert found["psnr"].isfinite().all()


def a_set(name, kind=FeatureKind.INCEPTION_768, seed=0):
    return FeatureSet(kind, name, torch.randn(6, 5, generator=torch.Generator().manual_seed(seed)))


def test_a_distance_says_what_it_was_measured_against():
    found = compare_sets(metric("fid-768"), a_set("restored"), a_set(PAIRED, seed=1))
    assert (found.metric, found.features, found.set_name, found.reference_name, found.picture_count) == (
        "fid-768",
        FeatureKind.INCEPTION_768,
        "restored",
        PAIRED,
        6,
    )


@pytest.mark.parametrize("name", ["kid-768", "precision-768", "recall-768"])
def test_each_distance_of_sets_is_a_number(name):
    assert isinstance(compare_sets(metric(name), a_set("restored"), a_set(PAIRED, seed=1)).value, float)


def test_of_mean_and_covariance_alone_a_kernel_distance_is_not_measured():
    with pytest.raises(UnmeasurablePictures, match="only mean and covariance"):
        compare_sets(metric("kid-768"), a_set("restored"), a_set(FFHQ_512, seed=1).statistics)


def test_of_mean_and_covariance_alone_frechet_s_distance_is_measured():
    reference = a_set(FFHQ_512, seed=1)
    one, other = (
        compare_sets(metric("fid-768"), a_set("restored"), each).value for each in (reference, reference.statistics)
    )
    assert one == pytest.approx(other)


def test_features_of_another_kind_than_the_metric_s_are_refused():
    with pytest.raises(UnmeasurablePictures, match="fid is of inception-2048"):
        compare_sets(metric("fid"), a_set("restored"), a_set(PAIRED))


def test_a_network_s_metric_tells_faces_apart(published, metric_pictures):
    published("mobilefacenet")
    measures = load_measures([metric("identity-mobilefacenet")])
    target, blurred = metric_pictures["target"], metric_pictures["blur2"]
    same, less = (measures.of_pairs(each, target)["identity-mobilefacenet"].item() for each in (target, blurred))
    assert same == pytest.approx(1, abs=1e-5)
    assert less < 0.99


def test_the_bundled_embedder_s_metric_needs_no_other_file(monkeypatch, metric_pictures):
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    network = MobileFaceNet(MobileFaceNetConfig(8, (8, 8, 8, 8, 8), (1, 1, 1, 1, 1), last_channels=16)).eval()
    network.load_state_dict({name: by_chance(name, each.shape) for name, each in network.state_dict().items()})
    monkeypatch.setattr("retrato.metrics.loaders.load_embedder", lambda: network.requires_grad_(False))
    assert available([metric("identity-compact")]).missing == {}
    measures = load_measures([metric("identity-compact")])
    target, blurred = metric_pictures["target"], metric_pictures["blur2"]
    same, less = (measures.of_pairs(each, target)["identity-compact"].item() for each in (target, blurred))
    assert same == pytest.approx(1, abs=1e-5)
    assert less < same
