import json

import PIL.Image
import pytest
from click.testing import CliRunner

from retrato.cli.main import retrato
from retrato.weights import judges as judging


@pytest.fixture
def run(tmp_path, monkeypatch, judges, astronaut):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judging, "load_lpips", lambda: judges.perceptual)
    monkeypatch.setattr(judging, "load_mobilefacenet", lambda: judges.recognition)
    (tmp_path / "faces").mkdir()
    PIL.Image.fromarray(astronaut[0:128, 150:278]).save("faces/astronaut.png")

    def call(*arguments):
        return CliRunner().invoke(retrato, ["evaluate", *arguments], catch_exceptions=False)

    return call


def test_scores_before_and_after_are_shown(run):
    result = run("faces")
    assert result.exit_code == 0
    assert "1 face, paper degradation, seed 0, GFP-GAN, gfpgan-256-compact after " in result.output
    assert [line.split()[0] for line in result.stdout.splitlines()[-3:]] == ["psnr", "lpips", "identity"]


def test_every_face_is_written_if_asked(run, tmp_path):
    run("faces", "--json", "scores.json")
    (face,) = json.loads((tmp_path / "scores.json").read_text())
    assert face["name"] == "astronaut.png"
    assert set(face["restored"]) == set(face["degraded"]) == {"psnr", "lpips", "identity"}
