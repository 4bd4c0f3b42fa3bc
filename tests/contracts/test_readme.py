"""README and docs are true: their commands exist, their Python runs, their folders are there."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import retrato
from retrato.cli.main import retrato as command_line
from retrato.training.recipes import recipe
from retrato.training.settings import with_setting

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


PAGES = {page: page.read_text() for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


COMMANDS = [
    line[line.index("retrato ") :]
    for text in PAGES.values()
    for block in blocks("sh", text)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith(("retrato ", "torchrun "))
]


def test_there_are_commands_and_python():
    assert COMMANDS
    assert blocks("python")


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_the_options_that_the_readme_gives_it(line):
    name, *arguments = shlex.split(line, comments=True)[1:]
    command = command_line.get_command(click.Context(command_line), name)
    if isinstance(command, click.Group):
        command = command.commands[arguments[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {each for each in arguments if each.startswith("-")} <= known


@pytest.mark.parametrize("line", [line for line in COMMANDS if "--set" in line])
def test_every_setting_that_the_docs_change_can_be_changed(line):
    _, _, name, *arguments = shlex.split(line, comments=True)
    for option, assignment in pairwise(arguments):
        if option == "--set":
            assert with_setting(recipe(name), assignment)


@pytest.mark.parametrize("target", re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_python_example_runs(tmp_path, monkeypatch, astronaut):
    monkeypatch.chdir(tmp_path)
    retrato.write_image(retrato.Photo(astronaut), "grandmother.jpg")
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert retrato.read_image("grandmother-restored.jpg").image.shape == astronaut.shape


def test_the_tree_equals_the_folders():
    (tree,) = re.findall(r"```\n(src/retrato/.*?)```", README, re.DOTALL)
    named = set(re.findall(r"^  ([a-z_]+)/", tree, re.MULTILINE))
    folders = {each.parent.name for each in (ROOT / "src" / "retrato").glob("*/__init__.py")}
    assert named == folders


LINKS = [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\((?!http)([^)#]+)\)", text)]


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_every_link_leads_somewhere(page, link):
    assert (page.parent / link).exists()


def test_help_of_every_command_is_named_in_the_readme():
    listed = CliRunner().invoke(command_line, ["--help"]).output
    for name in re.findall(r"^  ([a-z]+) ", listed.partition("Commands:")[2], re.MULTILINE):
        assert f"retrato {name}" in README


def test_the_example_of_evaluation_runs(tmp_path, faces, capsys):
    import PIL.Image

    from retrato.images.tensors import to_image

    class Unchanged:
        size, name = 64, "nothing"

        def __call__(self, faces):
            return faces

    for place, face in enumerate(faces):
        PIL.Image.fromarray(to_image(face)).save(tmp_path / f"{place}.png")
    (block,) = blocks("python", (ROOT / "docs" / "evaluation.md").read_text())
    exec(compile(block, "evaluation.md", "exec"), {"faces": tmp_path, "restorer": Unchanged()})
    assert "Mean(value=" in capsys.readouterr().out
