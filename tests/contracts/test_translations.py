"""Pages in several languages say the same: what a translation leaves as it is equals that of the English page."""

import ast
import re
import shlex
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README", "docs/misuse")
TRANSLATIONS = ("pt", "fr")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)

each_translation = pytest.mark.parametrize(("page", "language"), list(product(PAGES, TRANSLATIONS)))


def english(page):
    return (ROOT / f"{page}.md").read_text(encoding="utf-8")


def translated(page, language):
    return (ROOT / f"{page}.{language}.md").read_text(encoding="utf-8")


def blocks(text):
    return [(language, as_run(language, code)) for language, code in FENCE.findall(text)]


def as_run(language, code):
    """What a block does: commands and programs without their comments, and the names of a tree without their words."""
    match language:
        case "sh":
            return [words for line in code.splitlines() if (words := shlex.split(line, comments=True))]
        case "python":
            return ast.dump(ast.parse(code))
        case _:
            return [line.split()[0] for line in code.splitlines()]


def prose(text):
    return FENCE.sub("", text)


KINDS = {"heading": r"#+ ", "item": r"- ", "number": r"\d\. ", "row": r"\|", "quote": r"> ", "picture": r"!\["}


def structure(text):
    """Each paragraph's kind, with a heading's level, how many items a list has, and how many columns each row."""
    return [described(paragraph) for paragraph in re.split(r"\n\n+", prose(text).strip())]


def described(paragraph):
    kind = next((name for name, beginning in KINDS.items() if re.match(beginning, paragraph)), "text")
    match kind:
        case "heading":
            return kind, paragraph.split()[0]
        case "item" | "number":
            return kind, len(re.findall(rf"^{KINDS[kind]}", paragraph, re.MULTILINE))
        case "row":
            return kind, [line.count("|") for line in paragraph.splitlines()]
        case _:
            return kind, None


def links(text):
    """Where a page leads; one that is there in this language counts as the English one, languages' own links do not."""
    own = re.sub(r"^\[(?:English|Português|Français)\].*$", "", text, flags=re.MULTILINE)
    return Counter(re.sub(r"\.(?:pt|fr)\.md$", ".md", link) for link in re.findall(r"\]\(([^)]+)\)", own))


def quoted(text):
    return Counter(" ".join(each.split()) for each in re.findall(r"`([^`]+)`", prose(text)))


def numbers(text):
    """Those of tables; a comma is a point there."""
    rows = "\n".join(line for line in prose(text).splitlines() if line.startswith("|"))
    return re.findall(r"\d+\.\d+|\d+", re.sub(r"(?<=\d),(?=\d)", ".", rows))


@each_translation
def test_commands_and_programs_are_the_same(page, language):
    assert blocks(translated(page, language)) == blocks(english(page))


@each_translation
def test_headings_lists_and_tables_are_the_same(page, language):
    assert structure(translated(page, language)) == structure(english(page))


@each_translation
def test_links_lead_to_the_same_places(page, language):
    assert links(translated(page, language)) == links(english(page))


@each_translation
def test_every_link_of_a_translation_leads_somewhere(page, language):
    folder = (ROOT / page).parent
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", translated(page, language)):
        assert (folder / link).exists(), link


@each_translation
def test_a_link_prefers_its_own_language(page, language):
    folder = (ROOT / page).parent
    others = re.sub(r"^\[(?:English|Português|Français)\].*$", "", translated(page, language), flags=re.MULTILINE)
    for link in re.findall(r"\]\((?!http)([^)#]+)\.md\)", others):
        assert link.endswith(f".{language}") or not (folder / f"{link}.{language}.md").exists(), link


@each_translation
def test_names_in_the_code_are_the_same(page, language):
    assert quoted(translated(page, language)) == quoted(english(page))


@each_translation
def test_tables_have_the_same_numbers(page, language):
    assert numbers(translated(page, language)) == numbers(english(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_leads_to_its_translations(page):
    languages = ("", *(f".{each}" for each in TRANSLATIONS))
    for language in languages:
        text = (ROOT / f"{page}{language}.md").read_text(encoding="utf-8")
        for other in set(languages) - {language}:
            assert f"({Path(page).name}{other}.md)" in text


def test_a_changed_command_would_be_noticed():
    page = english("README")
    assert blocks(page.replace("--upscale 2", "--upscale 3")) != blocks(page)
    assert blocks(page.replace("# the tests", "# os testes")) == blocks(page)
    assert structure(page.replace("## Learn\n", "### Learn\n")) != structure(page)
    assert numbers(page.replace("25.12", "25,12")) == numbers(page) != numbers(page.replace("25.12", "25.13"))
