"""The examples that classes begin with run as they stand."""

import importlib.util
import re
from pathlib import Path

import PIL.Image
import pytest

from retrato.images.files import read_image
from retrato.images.tensors import to_image

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def judging():
    """The example as a module, with few pictures."""
    spec = importlib.util.spec_from_file_location("learn_to_judge", EXAMPLES / "learn_to_judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.COUNT = 60
    return module


def test_a_classifier_and_a_regressor_learn_on_drawn_shapes(judging, tmp_path, capsys):
    judging.main(None, tmp_path / "judged.png", steps=4)
    said = capsys.readouterr().out
    assert re.search(r"classifier: \d+\.\d% of 24 unseen pictures", said)
    assert re.search(r"regressor: off by \d\.\d\d px on average; whoever always says the same: 0\.\d\d px", said)
    assert read_image(tmp_path / "judged.png").image.shape[0] > 3 * 96


def test_both_learn_on_pictures_in_a_folder(judging, tmp_path, faces, capsys):
    for copy in range(20):
        PIL.Image.fromarray(to_image(faces[copy % 4])).save(tmp_path / f"{copy}.png")
    judging.main(tmp_path, tmp_path / "out" / "judged.png", steps=2)
    assert "of 8 unseen pictures" in capsys.readouterr().out


def test_the_forgers_pictures_have_the_mean_and_the_spread_of_real_ones(judging):
    real = judging.shapes()
    forged = judging.forger(real)(4000)
    assert (forged.mean(0) - real.mean(0)).abs().mean() < 0.05
    assert (forged.std(0) - real.std(0)).abs().mean() < 0.15
