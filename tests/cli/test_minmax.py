import PIL.Image
from click.testing import CliRunner

from retrato.classroom.distributions import Distribution
from retrato.cli.main import retrato
from retrato.cli.minmax import DISTRIBUTIONS


def test_the_command_knows_every_distribution():
    assert set(DISTRIBUTIONS) == set(Distribution)


def test_a_game_becomes_a_film(tmp_path, monkeypatch):
    monkeypatch.setattr("retrato.cli.minmax.SCENES", 2)
    target = tmp_path / "ring.gif"
    result = CliRunner().invoke(retrato, ["minmax", "ring", "-o", str(target), "--iterations", "60", "--r1", "1"])
    assert result.exit_code == 0, repr(result.exception)
    with PIL.Image.open(target) as film:
        assert (film.size, film.n_frames) == ((800, 400), 3)


def test_a_film_of_no_known_format_is_refused_before_the_game(tmp_path):
    result = CliRunner().invoke(retrato, ["minmax", "ring", "-o", str(tmp_path / "ring.txt")])
    assert "no known film format" in str(result.exception)
