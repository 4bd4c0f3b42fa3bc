import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from retrato.cli.main import retrato


@pytest.fixture
def degrade(tmp_path, astronaut):
    PIL.Image.fromarray(astronaut[0:128, 150:278]).save(tmp_path / "face.jpg")

    def call(out, *arguments):
        arguments = ["degrade", str(tmp_path / "face.jpg"), "-o", str(tmp_path / out), *arguments]
        result = CliRunner().invoke(retrato, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        with PIL.Image.open(tmp_path / out / "face.png") as picture:
            return np.array(picture)

    return call


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(degrade):
    first = degrade("a", "--seed", "1")
    assert np.array_equal(first, degrade("b", "--seed", "1"))
    assert not np.array_equal(first, degrade("c", "--seed", "2"))


def test_heavy_degradation_leaves_less_detail_than_light(degrade):
    def detail(image):
        return np.abs(np.diff(image.astype(float), axis=0)).mean()

    assert detail(degrade("a", "--degradation", "heavy")) < detail(degrade("b", "--degradation", "light"))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (300, 20)])
def test_small_and_thin_pictures_are_degraded(tmp_path, size):
    PIL.Image.new("RGB", size, "gold").save(tmp_path / "small.png")
    arguments = ["degrade", str(tmp_path / "small.png"), "-o", str(tmp_path / "out"), "--face-size", "512"]
    assert CliRunner().invoke(retrato, arguments, catch_exceptions=False).exit_code == 0
    with PIL.Image.open(tmp_path / "out" / "small.png") as picture:
        assert picture.size == size


def test_a_bad_picture_is_named_and_the_others_go_on(tmp_path):
    (tmp_path / "a.jpg").write_text("dear diary")
    PIL.Image.new("RGB", (32, 32)).save(tmp_path / "b.png")
    result = CliRunner().invoke(retrato, ["degrade", str(tmp_path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "not done: " in result.output
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["b.png"]
