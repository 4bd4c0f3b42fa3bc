import json

import PIL.Image
import pytest
import torch
from click.testing import CliRunner

from retrato.cli.main import retrato
from retrato.errors import UnavailableWeights, UnusableData, UnwritableOutput
from retrato.metrics.features import FeatureKind
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights import download
from retrato.weights.store import StoredWeights, config_fields, write_weights


@pytest.fixture
def run(tmp_path, monkeypatch, astronaut):
    """Without a connection and without files of networks; in a folder with two faces."""

    def offline(published, *_):
        raise UnavailableWeights(f"no connection for {published.name}")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setattr(download, "download", offline)
    monkeypatch.setattr("retrato.cli.fetching.downloading", offline)
    (tmp_path / "faces").mkdir()
    PIL.Image.fromarray(astronaut[0:128, 150:278]).save("faces/astronaut.png")
    PIL.Image.fromarray(astronaut[40:168, 170:298]).save("faces/another.png")

    def call(*arguments):
        return CliRunner().invoke(retrato, arguments, catch_exceptions=False)

    return call


FAST = ("--metrics", "psnr,niqe,laplacian-variance", "--size", "64")


def test_faces_are_degraded_restored_and_compared(run):
    result = run("evaluate", "restoration", "faces", *FAST)
    assert result.exit_code == 0
    assert "faces, paper degradation, seed 0: 2 faces of 64 px" in result.stdout
    assert "GFP-GAN, gfpgan-256-compact after " in result.stdout


def test_what_has_no_file_is_named_and_the_others_are_measured(run):
    result = run("evaluate", "restoration", "faces", *FAST)
    assert "not measured: niqe needs niqe (niqe_pris_params.npz)" in result.stderr
    assert "↑ Peak signal-to-noise ratio" in result.stdout
    assert "- niqe needs niqe" in result.stdout


def test_reports_are_written_if_asked(run, tmp_path):
    files = ("--json", "found.json", "--markdown", "found.md", "--html", "found.html")
    result = run("evaluate", "restoration", "faces", *FAST, *files)
    (found,) = json.loads((tmp_path / "found.json").read_text())["evaluations"]
    assert {face["name"] for face in found["faces"]} == {"astronaut.png", "another.png"}
    assert (tmp_path / "found.md").read_text() == result.stdout
    assert "data:image/webp" in (tmp_path / "found.html").read_text()


def test_a_report_that_could_not_be_written_is_refused_before_the_work(run):
    with pytest.raises(UnwritableOutput, match="no folder nowhere"):
        run("evaluate", "restoration", "faces", "--json", "nowhere/found.json")


def test_real_photos_are_restored_without_a_truth(run):
    result = run("evaluate", "restoration", "--inputs", "faces", "--metrics", "laplacian-variance", "--size", "64")
    assert "faces, as they are: 2 faces" in result.stdout
    assert "Variance of the Laplacian" in result.stdout


def test_what_others_restored_is_compared_with_its_truth(run):
    result = run("evaluate", "restoration", "--restored", "faces", "--targets", "faces", "--metrics", "psnr")
    assert "2 faces of 128 px" in result.stdout
    assert "∞" in result.stdout


def test_groups_come_from_a_csv_file(run, tmp_path):
    (tmp_path / "who.csv").write_text("file,age\nastronaut,adult\n")
    result = run("evaluate", "restoration", "faces", *FAST, "--groups", "who.csv", "--group-column", "age")
    assert "| adult | 1" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("faces", "--inputs", "faces"), ("--targets", "faces")])
def test_places_that_make_no_trial_are_refused(run, arguments):
    assert run("evaluate", "restoration", *arguments).exit_code == 2


def test_a_protocol_evaluates_set_after_set_and_gives_a_verdict(run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "retrato.evaluation.equipment.load_measures",
        lambda *_: fake_identity(),
    )
    (tmp_path / "sets").mkdir()
    (tmp_path / "faces").rename(tmp_path / "sets" / "LFW-Test")
    result = run("evaluate", "protocol", "ntire", "sets")
    assert result.exit_code == 0
    assert "LFW-Test, as they are: 2 faces of 512 px" in result.stdout
    assert "Identity gate over all sets, by a stand-in for AdaFace: 0 of 2 faces fail" in result.stdout


def fake_identity():
    from retrato.metrics.measuring import Measures

    return Measures({"identity-mobilefacenet": lambda one, _: torch.ones(len(one))}, {}, {})


def test_a_protocol_without_its_pictures_is_refused(run):
    with pytest.raises(UnusableData, match="none of the folders LFW-Test"):
        run("evaluate", "protocol", "ntire", "faces")


@pytest.fixture
def inception(monkeypatch):
    """Features that need no file."""
    kind = FeatureKind.INCEPTION_768
    projection = torch.randn(3, kind.feature_count, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(
        "retrato.evaluation.equipment.load_extractor", lambda *_: lambda pictures: pictures.std((2, 3)) @ projection
    )
    monkeypatch.setattr(
        "retrato.metrics.measuring.find_here", lambda name: name if name == "inception-2015-768" else None
    )


def test_a_folder_of_drawn_faces_is_compared_with_another(run, inception, tmp_path):
    result = run("evaluate", "generation", "faces", "--reference", "faces", "--json", "found.json")
    assert "faces: 2 faces of 128 px, seed 0" in result.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert {each["metric"]: each["value"] for each in found["sets"]}["fid-768"] == pytest.approx(0, abs=1e-3)
    assert "path-length" not in found["not_measured"]


def test_a_prior_draws_faces_and_they_are_compared(run, inception, tmp_path):
    config = StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2)
    network = StyleGAN2Generator(config)
    weights = StoredWeights("stylegan2", config_fields(config), network.state_dict(), {})
    write_weights(tmp_path / "prior.safetensors", weights)
    result = run("evaluate", "generation", "prior.safetensors", "--reference", "faces", "--count", "4")
    assert result.exit_code == 0
    assert "4 faces of 32 px, seed 0" in result.stdout
    assert "- path-length needs vgg16" in result.stdout
    assert "Kernel Inception Distance, 768 features" in result.stdout


def test_restorers_and_baselines_stand_side_by_side(run):
    result = run("compare", "bundled", "--faces", "faces", *FAST)
    (header,) = [line for line in result.stdout.splitlines() if line.startswith("| metric")]
    assert [cell.strip().partition(",")[0] for cell in header.strip("| ").split("|")] == [
        "metric",
        "input",
        "GFP-GAN",
        "Lanczos",
        "Unsharp masking",
        "OpenCV's denoiser",
    ]


def test_baselines_can_be_compared_alone_and_chosen(run):
    result = run("compare", "unsharp", "--no-baselines", "--faces", "faces", *FAST)
    assert "Unsharp masking" in result.stdout
    assert "denoiser" not in result.stdout


def test_comparing_nobody_is_refused(run):
    assert run("compare", "--no-baselines", "--faces", "faces").exit_code == 2
