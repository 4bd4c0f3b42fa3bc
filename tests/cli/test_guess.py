import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from PIL.ExifTags import Base

from doubles import TINY_STYLEGAN2_TASK
from retrato.cli.main import retrato
from retrato.errors import UnusableFace, UnusableSetting, UnwritableOutput
from retrato.networks.stylegan2 import StyleGAN2Generator
from retrato.weights.store import StoredWeights, config_fields, write_weights

CONFIG = TINY_STYLEGAN2_TASK.network


@pytest.fixture
def guess(tmp_path, monkeypatch, astronaut):
    """The command in a folder with a photo, a face and a prior by chance."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    tensors = StyleGAN2Generator(CONFIG).state_dict()
    write_weights(tmp_path / "prior.safetensors", StoredWeights("stylegan2", config_fields(CONFIG), tensors, {}))
    PIL.Image.fromarray(astronaut[:300, 80:380]).save("photo.png")
    PIL.Image.fromarray(astronaut[40:200, 140:300]).save("face.png")
    PIL.Image.fromarray(astronaut[300:, :100]).save("nobody.png")

    def call(photo, *arguments):
        options = ["--prior", "prior.safetensors", "--steps", "2", *map(str, arguments)]
        return CliRunner().invoke(retrato, ["guess", photo, *options])

    return call


def mark_of(path):
    with PIL.Image.open(path) as picture:
        return picture.getexif()[Base.ProcessingSoftware]


def size_of(path):
    with PIL.Image.open(path) as picture:
        return picture.size


def test_a_sheet_shows_all_guesses_and_says_how_far_they_are_off(guess):
    result = guess("face.png", "--aligned", "--count", 3, "--seed", 7, "-o", "guesses.png")
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()[:3]] == ["seed 7", "seed 8", "seed 9"]
    width, height = size_of("guesses.png")
    assert width > 4 * 128
    assert height > 2 * 128
    mark = mark_of("guesses.png")
    assert "guessed by a model to match a small picture (PULSE in StyleGAN2, weights prior.safetensors" in mark
    assert mark.count(",") >= 4, "three misfits"


def test_without_a_prior_the_small_one_is_searched_that_comes_with_retrato(guess):
    arguments = ["face.png", "--aligned", "--count", "1", "--steps", "2", "-o", "out"]
    result = CliRunner().invoke(retrato, ["guess", *arguments])
    assert result.exit_code == 0, result.output
    assert size_of("out/face-seed0.png") == (64, 64)


def test_single_pictures_are_named_by_photo_and_seed(guess, tmp_path):
    assert guess("photo.png", "--count", 2, "-o", "out").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo-seed0.png", "photo-seed1.png"]
    assert size_of("out/photo-seed0.png") == (32, 32)
    assert "off by" in mark_of("out/photo-seed1.png")


def test_faces_are_compared_at_an_eighth_unless_told_otherwise(guess):
    assert "compared at 4 px" in guess("face.png", "--aligned", "-o", "a.png").output
    assert "compared at 8 px" in guess("face.png", "--aligned", "-o", "b.png", "--compared-size", 8).output


def test_a_tiny_face_is_compared_at_its_own_size(guess, astronaut):
    PIL.Image.fromarray(astronaut[40:200:64, 140:300:64]).save("tiny.png")
    assert "compared at 3 px" in guess("tiny.png", "--aligned", "-o", "a.png").output


@pytest.mark.parametrize(
    ("photo", "arguments", "error", "reason"),
    [
        ("nobody.png", ["-o", "a.png"], UnusableFace, "no face found"),
        ("nobody.png", ["-o", "a.png", "--aligned"], UnusableFace, "is square"),
        ("face.png", ["-o", "a.bmp", "--aligned"], UnwritableOutput, "BMP has no room"),
        ("face.png", ["-o", "face.png", "--aligned"], UnwritableOutput, "face.png"),
        ("face.png", ["-o", "a.png", "--aligned", "--compared-size", 64], UnusableSetting, "at most 32"),
    ],
)
def test_what_cannot_be_guessed_is_refused_with_the_reason(guess, photo, arguments, error, reason):
    result = guess(photo, *arguments)
    assert isinstance(result.exception, error)
    assert reason in str(result.exception)


def test_a_prior_stands_beside_baselines_in_a_comparison(guess, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "face.png").rename(tmp_path / "faces" / "face.png")
    arguments = ["prior.safetensors", "--faces", "faces", "--metrics", "psnr"]
    result = CliRunner().invoke(retrato, ["compare", *arguments])
    assert result.exit_code == 0, result.output
    assert "PULSE in StyleGAN2, weights prior.safetensors, seed 0" in result.output
