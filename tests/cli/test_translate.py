import PIL.Image
import pytest
from click.testing import CliRunner
from PIL.ExifTags import Base

from doubles import tiny_cyclegan_task, tiny_pix2pix_task
from retrato.cli.main import retrato
from retrato.images.files import read_image
from retrato.weights.store import write_weights


@pytest.fixture
def translate(tmp_path, monkeypatch, astronaut):
    monkeypatch.chdir(tmp_path)
    write_weights(tmp_path / "edges.safetensors", tiny_pix2pix_task().weights())
    PIL.Image.fromarray(astronaut[:200, :300]).save("photo.jpg")

    def call(*arguments):
        return CliRunner().invoke(retrato, ["translate", "photo.jpg", "--weights", "edges.safetensors", *arguments])

    return call


def test_a_picture_is_translated_and_says_so(translate):
    result = translate("-o", "out")
    assert result.exit_code == 0, result.output
    assert read_image("out/photo.png").image.shape == (32, 32, 3)
    with PIL.Image.open("out/photo.png") as picture:
        assert (
            "made of another picture by a model (Pix2Pix, weights edges.safetensors)"
            in picture.getexif()[Base.ProcessingSoftware]
        )


def test_the_source_that_training_would_make_stands_beside_the_result(translate):
    assert translate("-o", "out", "--make-source", "--side-by-side").exit_code == 0
    image = read_image("out/photo.png").image
    assert image.shape == (32, 64, 3)
    assert set(image[:, :32].flatten().tolist()) == {0, 255}


def test_another_seed_gives_another_result(translate):
    pictures = []
    for seed in ("1", "1", "2"):
        assert translate("-o", "out", "--seed", seed, "--overwrite").exit_code == 0
        pictures.append(read_image("out/photo.png").image.tolist())
    assert pictures[0] == pictures[1] != pictures[2]


def test_results_are_not_written_over(translate):
    translate("-o", "out")
    result = translate("-o", "out")
    assert result.exit_code == 1
    assert "photo.png" in result.output


def test_cyclegan_translates_in_both_directions(translate, tmp_path):
    write_weights(tmp_path / "edges.safetensors", tiny_cyclegan_task().weights())
    pictures = []
    for options in ((), ("--backwards",)):
        result = translate("-o", "out", "--overwrite", *options)
        assert result.exit_code == 0, result.output
        pictures.append(read_image("out/photo.png").image.tolist())
    assert pictures[0] != pictures[1]
    with PIL.Image.open("out/photo.png") as picture:
        assert "(CycleGAN, weights edges.safetensors, backwards)" in picture.getexif()[Base.ProcessingSoftware]
