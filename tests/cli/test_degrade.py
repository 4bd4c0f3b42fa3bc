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
