"""The lessons run, and say the same in every language."""

import importlib.util
import re
import runpy
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "examples").glob("0*.py"))
TRANSLATIONS = ("pt", "fr")
EACH = [pytest.param(*each, id="-".join([each[0].stem, each[1]])) for each in product(LESSONS, TRANSLATIONS)]


@pytest.fixture(scope="module")
def tool():
    pytest.importorskip("jupytext", reason="making notebooks needs the extra docs")
    specification = importlib.util.spec_from_file_location("notebooks", ROOT / "tools" / "write_notebooks.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_runs_and_draws_its_figures(lesson, tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="the lessons need the extra samples")
    import matplotlib.pyplot as plt

    monkeypatch.setenv("RETRATO_QUICK", "1")
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setattr("retrato.weights.download.download", None)  # a lesson downloads nothing
    monkeypatch.chdir(tmp_path)
    with plt.rc_context({"backend": "Agg"}):
        runpy.run_path(str(lesson))
        plt.close("all")
    named = set(re.findall(r'"(\d\d_\w+\.png)"', lesson.read_text()))
    assert named
    assert named == {path.name for path in (tmp_path / "results").glob("*.png")}


def test_all_lessons_begin_with_the_same_code(tool):
    beginnings = [
        next(cell for cell in tool.notebook(lesson, "en").cells if cell.cell_type == "code") for lesson in LESSONS
    ]
    assert len({cell.source for cell in beginnings}) == 1
    assert "retrato[samples,train]" in beginnings[0].source


@pytest.mark.parametrize(("lesson", "language"), EACH)
def test_every_text_has_its_translation_and_no_other(tool, lesson, language):
    assert list(tool.translated_texts(lesson, language)) == list(tool.english_texts(lesson))


@pytest.mark.parametrize(("lesson", "language"), EACH)
def test_a_translation_has_the_headings_lists_and_code_of_the_text(tool, lesson, language):
    translated = tool.translated_texts(lesson, language)
    for name, english in tool.english_texts(lesson).items():
        assert outline(translated[name]) == outline(english), name


@pytest.mark.parametrize(("lesson", "language"), EACH)
def test_notebooks_of_all_languages_have_the_same_code(tool, lesson, language):
    english, other = (tool.notebook(lesson, each) for each in ("en", language))
    assert [cell.id for cell in english.cells] == [cell.id for cell in other.cells]
    assert codes(english) == codes(other)


def test_all_notebooks_are_written(tool, tmp_path):
    import nbformat

    tool.main(tmp_path)
    for language in ("en", *TRANSLATIONS):
        written = sorted((tmp_path / language).glob("*.ipynb"))
        assert [path.stem for path in written] == [lesson.stem for lesson in LESSONS]
        for path in written:
            nbformat.validate(nbformat.read(path, as_version=4))


def test_a_text_that_is_not_translated_is_named(tool, tmp_path, monkeypatch):
    page = tmp_path / "01.pt.md"
    page.write_text("<!-- title -->\n# Um título\n")
    monkeypatch.setattr(tool, "page_of", lambda *_: page)
    with pytest.raises(KeyError, match="real"):
        tool.notebook(LESSONS[0], "pt")


def codes(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def outline(text):
    """What a translation leaves as it is: headings, items of lists, rows of tables, and what is between backticks."""
    lines = text.splitlines()
    return {
        "headings": [line.split()[0] for line in lines if line.startswith("#")],
        "items": sum(line.startswith("- ") for line in lines),
        "rows": sum(line.startswith("|") for line in lines),
        "code": sorted(" ".join(each.split()) for each in re.findall(r"`([^`]+)`", text)),
        "formulas": text.count("$"),
    }
