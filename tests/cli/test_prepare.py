import inspect

import PIL.Image
import pytest
from click.testing import CliRunner

from retrato.cli import prepare as cli
from retrato.cli.main import retrato
from retrato.data import prepare as library
from retrato.data.examine import PrepareConfig


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()

    def call(*arguments):
        options = ("album", "--out", "faces", "--size", "128", "--processes", "1", *arguments)
        return CliRunner().invoke(retrato, ["prepare", *options], catch_exceptions=False)

    return call


@pytest.fixture
def head(astronaut):
    return PIL.Image.fromarray(astronaut[0:256, 96:352])


def test_faces_are_prepared_and_counted(run, head, tmp_path):
    head.save("album/a.png")
    head.save("album/b.jpg")
    PIL.Image.new("RGB", (64, 64)).save("album/c.png")
    result = run()
    assert result.exit_code == 0
    assert "3 photos: 0 done before, 0 unreadable, 1 without a face" in result.output
    assert "1 face kept, 1 dropped" in result.output
    assert "1 duplicate" in result.output
    assert {each.name for each in (tmp_path / "faces" / "album").iterdir()} == {"a-0.webp", "a-0.json"}


def test_the_same_command_goes_on(run, head):
    head.save("album/a.png")
    run()
    result = run()
    assert result.exit_code == 0
    assert "1 photo: 1 done before" in result.output
    assert "1 face kept" in result.output


def test_an_unreadable_photo_is_named_and_the_others_go_on(run, head):
    head.save("album/a.png")
    with open("album/b.png", "w") as file:  # noqa: PTH123
        file.write("dear diary")
    result = run()
    assert result.exit_code == 0
    assert "not done: album/b.png: a text file" in result.output


def test_no_faces_at_all_is_exit_code_1(run):
    PIL.Image.new("RGB", (64, 64)).save("album/a.png")
    result = run()
    assert result.exit_code == 1
    assert "no faces: faces/prepared.jsonl says why" in result.output


def test_a_place_that_is_not_there_is_a_wrong_option(run):
    assert run("gone").exit_code == 2


def test_options_reach_the_library(run, head, tmp_path):
    head.save("album/a.png")
    assert run("--least-sharpness", "9", "--format", "png").exit_code == 1
    assert '"flaw": "blurred"' in (tmp_path / "faces" / "prepared.jsonl").read_text()


def test_an_interrupted_run_says_how_far_it_came(run, head, monkeypatch):
    head.save("album/a.png")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "_settle", interrupt)
    result = run()
    assert result.exit_code == 130
    assert "stopped after 0 of 1; the same command goes on" in result.output


def test_the_options_defaults_are_the_librarys():
    defaults = {each.name: each.default for each in cli.command.params}
    settings = PrepareConfig().settings
    settings["format_name"] = settings.pop("format").lower()
    assert {name: defaults[name] for name in settings} == settings
    assert set(inspect.signature(cli.command.callback).parameters) == set(defaults)
