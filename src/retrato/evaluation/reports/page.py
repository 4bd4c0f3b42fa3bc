"""An evaluation as one HTML file that needs nothing else: numbers, histograms, and faces to compare, worst first."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import PIL.Image

from retrato import __version__
from retrato.evaluation.reports.histogram import histogram
from retrato.evaluation.reports.markdown import ARROWS, NO_NUMBER, NOTES, cell, missing_lines, number, title_line
from retrato.evaluation.restoration import INPUT, TARGET, MeasuredFace
from retrato.evaluation.result import Evaluation, ranking_metric, row_of, title_of
from retrato.evaluation.trials import Face
from retrato.images.tensors import to_image
from retrato.whole_files import written_whole

WEBP_QUALITY = 88
"""High enough that blocks are the degradation's, not the report's."""
GUESS = "What a model restores is its guess. It knows what faces look like, not what this person looked like."


def write_page(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """One file of all, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(page_of(evaluations), encoding="utf-8")


def page_of(evaluations: Sequence[Evaluation]) -> str:
    """The file's content."""
    template = Template(files("retrato.evaluation.reports").joinpath("page.html").read_text(encoding="utf-8"))
    names = list(dict.fromkeys(name for each in evaluations for name in each.restorers))
    title = names[0] if len(names) == 1 else f"{len(names)} restorers side by side" if names else INPUT
    return template.substitute(
        title=escape(title),
        guess=escape(GUESS),
        sections="\n".join(_section(each) for each in evaluations),
        version=escape(__version__),
    )


def _section(evaluation: Evaluation) -> str:
    parts = [
        f"<h2>{escape(title_line(evaluation))}</h2>",
        _numbers(evaluation),
        "".join(f"<p class=note>{escape(note)}</p>" for note in NOTES),
        _sets(evaluation),
        _gate(evaluation),
        _groups(evaluation),
        _histograms(evaluation),
        _faces(evaluation),
        _missing(evaluation),
    ]
    return f"<section>{''.join(parts)}</section>"


def _numbers(evaluation: Evaluation) -> str:
    with_change = INPUT in evaluation.candidates and len(evaluation.restorers) == 1
    header = ["", *evaluation.candidates, *(["change"] if with_change else [])]
    rows = []
    for name in evaluation.metric_names:
        row = row_of(name)
        meaning = escape(f"Says {row.says}. Does not say {row.does_not_say}.")
        what = f'<abbr title="{meaning}">{escape(title_of(name))}</abbr>'
        cells = [escape(cell(evaluation.mean(each, name))) for each in evaluation.candidates]
        if with_change:
            cells.append(escape(cell(evaluation.change(evaluation.restorers[0], name), signed=True)))
        rows.append([f"{ARROWS[row.better]} {what}", *cells])
    return _table(header, rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Of a header in words and cells in HTML; it scrolls by itself where it is wider than the page."""
    head = "".join(f"<th scope=col>{escape(each)}</th>" for each in header)
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{each}</td>' for each in others)}</tr>"
        for first, *others in rows
    )
    return f"<div class=scroll tabindex=0><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _sets(evaluation: Evaluation) -> str:
    rows = [
        [
            escape(candidate),
            escape(title_of(each.metric)),
            number(each.value, fine=True),
            escape(f"{each.reference_name} ({each.reference_count or 'number not said'})"),
        ]
        for candidate, found in evaluation.sets.items()
        for each in found
    ]
    return f"<h3>As sets</h3>{_table(['', 'metric', 'value', 'compared with'], rows)}" if rows else ""


def _gate(evaluation: Evaluation) -> str:
    if evaluation.gate is None:
        return ""
    lines = []
    for each in evaluation.restorers:
        failed = evaluation.gate_failures(each)
        lines.append(f"<li>{escape(each)}: {len(failed)} of {len(evaluation.faces)} faces fail</li>")
    return f"<h3>Identity gate</h3><p>{escape(evaluation.gate.words)}</p><ul>{''.join(lines)}</ul>"


def _groups(evaluation: Evaluation) -> str:
    names = evaluation.metric_names
    rows = [
        [escape(group), escape(each), *(escape(cell(evaluation.mean(each, name, group))) for name in names)]
        for group in evaluation.groups
        for each in evaluation.candidates
    ]
    return f"<details><summary>By group</summary>{_table(['', 'candidate', *names], rows)}</details>" if rows else ""


def _histograms(evaluation: Evaluation) -> str:
    charts = []
    for name in evaluation.metric_names:
        numbers = {each: evaluation.numbers(each, name) for each in evaluation.candidates}
        known = {who: [each for each in found if math.isfinite(each)] for who, found in numbers.items()}
        if any(known.values()):
            charts.append(
                f"<figure>{histogram(known, title_of(name))}<figcaption>{escape(title_of(name))}</figcaption></figure>"
            )
    legend = "".join(
        f'<span class=key><i class="bar c{place}"></i>{escape(each)}</span>'
        for place, each in enumerate(evaluation.candidates)
    )
    return (
        f"<h3>How the faces are spread</h3><p>{legend}</p><div class=charts>{''.join(charts)}</div>" if charts else ""
    )


def _faces(evaluation: Evaluation) -> str:
    if not evaluation.shown:
        return ""
    names = list(evaluation.shown[0].pictures)
    order = ranking_metric(evaluation.metric_names)
    by = f", by {title_of(order)} of {evaluation.restorers[0]}" if order and evaluation.restorers else ""
    count = f"{len(evaluation.shown)} of {len(evaluation.faces)}"
    left = INPUT if INPUT in names else names[0]
    right = evaluation.restorers[0] if evaluation.restorers else names[-1]
    choices = _choice("left", names, left) + _choice("right", names, right)
    words = [_rank_words(evaluation, each, order) for each in evaluation.shown]
    cards = "".join(
        _card(f"{place + 1}. {face.name}", rank, face, (left, right))
        for place, (face, rank) in enumerate(zip(evaluation.shown, words, strict=True))
    )
    compared = f"<div class=compare><p class=choices>{choices}</p><div class=faces>{cards}</div></div>"
    return f"<h3>Worst first ({count}{escape(by)})</h3>{compared}"


def _choice(side: str, names: Sequence[str], chosen: str) -> str:
    options = "".join(
        f"<option{' selected' if each == chosen else ''}>{escape(_spoken(each))}</option>" for each in names
    )
    return f"<label>{side} <select data-side={side}>{options}</select></label> "


def _rank_words(evaluation: Evaluation, face: MeasuredFace, order: str | None) -> str:
    """The number that gives a face its place."""
    ranked = (evaluation.restorers or evaluation.candidates)[0]
    return number(face.numbers[ranked][order]) if order else ""


def _card(title: str, rank: str, face: MeasuredFace, sides: tuple[str, str]) -> str:
    layers = "".join(
        f'<img alt="{escape(_spoken(name))}" class="{_side(name, sides)}" src="{data_address(picture)}" loading=lazy>'
        for name, picture in face.pictures.items()
    )
    slider = f'<input type=range min=0 max=100 value=50 aria-label="{escape(face.name)}: how much of the left is seen">'
    caption = f"<b>{escape(title)}</b> <span class=rank>{escape(rank)}</span>{_face_numbers(face.numbers)}"
    frame = f"<div class=frame>{layers}{slider}</div>"
    return f"<figure class=face>{frame}<figcaption>{caption}</figcaption></figure>"


def _side(name: str, sides: tuple[str, str]) -> str:
    return " ".join(each for each, chosen in zip(("left", "right"), sides, strict=True) if chosen == name)


def _face_numbers(numbers: Mapping[str, Mapping[str, float]]) -> str:
    names = list(dict.fromkeys(name for found in numbers.values() for name in found))
    rows = [
        [escape(title_of(name)), *(number(found[name]) if name in found else NO_NUMBER for found in numbers.values())]
        for name in names
    ]
    return f"<details><summary>numbers</summary>{_table(['', *numbers], rows)}</details>"


def _spoken(name: str) -> str:
    return "truth" if name == TARGET else name


def _missing(evaluation: Evaluation) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in missing_lines(evaluation.missing))
    return f"<details><summary>Not measured</summary><ul>{lines}</ul></details>" if lines else ""


def data_address(picture: Face) -> str:
    """The picture itself, as an address."""
    content = io.BytesIO()
    PIL.Image.fromarray(to_image(picture)).save(content, "WEBP", quality=WEBP_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
