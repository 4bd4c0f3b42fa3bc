"""Turns the lessons (examples/01 to 07) into notebooks, one for each language, with the same code.

    python tools/write_notebooks.py notebooks/

writes notebooks/en/01_what_a_gan_is.ipynb and so on. The scripts hold the English text, in cells that have an id; the
pages in examples/texts hold it in the other languages, under the same ids: `<!-- id -->`.
"""

import re
import sys
from pathlib import Path

import jupytext
import nbformat

EXAMPLES = Path(__file__).parents[1] / "examples"
LESSONS = sorted(EXAMPLES.glob("0*.py"))
LANGUAGES = ("en", "pt", "fr")
ENGLISH = LANGUAGES[0]
ID = re.compile(r"^<!-- ([a-z0-9-]+) -->$", re.MULTILINE)
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main(folder: Path) -> None:
    """Write all of them."""
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True, exist_ok=True)
        for lesson in LESSONS:
            target = folder / language / f"{lesson.stem}.ipynb"
            target.write_text(nbformat.writes(notebook(lesson, language)) + "\n", encoding="utf-8")
    print(f"{len(LESSONS)} lessons in {len(LANGUAGES)} languages -> {folder}")


def notebook(lesson: Path, language: str) -> nbformat.NotebookNode:
    """A lesson in a language, without outputs.

    Raises:
        KeyError: a text is not there in that language.
    """
    script = jupytext.read(lesson)
    texts = english_texts(lesson) if language == ENGLISH else translated_texts(lesson, language)
    cells = [
        nbformat.v4.new_markdown_cell(texts[cell.metadata["id"]], id=cell.metadata["id"])
        if cell.cell_type == "markdown"
        else nbformat.v4.new_code_cell(cell.source, id=f"code-{place}")
        for place, cell in enumerate(script.cells)
    ]
    made = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.validate(made)
    return made


def english_texts(lesson: Path) -> dict[str, str]:
    """By their ids, in the order of the script."""
    return {cell.metadata["id"]: cell.source for cell in jupytext.read(lesson).cells if cell.cell_type == "markdown"}


def translated_texts(lesson: Path, language: str) -> dict[str, str]:
    """By their ids, in the order of the page."""
    _, *parts = ID.split(page_of(lesson, language).read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def page_of(lesson: Path, language: str) -> Path:
    """The page with a lesson's text in another language than English."""
    return EXAMPLES / "texts" / f"{lesson.stem}.{language}.md"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "notebooks"))
