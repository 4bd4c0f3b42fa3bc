"""All photos of a run before and after, as one HTML file that needs nothing else."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import IO

import PIL.Image

from retrato import __version__
from retrato.errors import RetratoError, UnwritableOutput
from retrato.images.files import list_pages, read_image
from retrato.images.turning import turn_photo
from retrato.restoration.photo_file import how_far_trusted
from retrato.restoration.report import FaceReport, Outcome, PhotoReport
from retrato.shapes import Image
from retrato.whole_files import written_whole

PHOTO_SIDE = 360
"""Pixels of the longer side of a photo on the sheet."""
FACE_SIDE = 180
"""Pixels of a face."""
FACES_SHOWN = 12
"""Of each photo: a group portrait need not fill the sheet."""
ROOM = 0.35
"""What is shown around a face, in its own widths on each side."""
WEBP_QUALITY = 80
MARK = "$cards"


class ContactSheet:
    """A page that grows by one photo after the other; none stays in memory."""

    def __init__(self, file: IO[str]) -> None:
        """See `contact_sheet`."""
        self._file = file

    def add(self, report: PhotoReport) -> None:
        """Show what became of a photo, from its files."""
        self._file.write(_card(report))


@contextmanager
def contact_sheet(path: Path, title: str) -> Iterator[ContactSheet]:
    """A page that is there when this ends, and not where it ends by an error.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    template = Template(files("retrato.restoration.folders").joinpath("contact_sheet.html").read_text("utf-8"))
    head, foot = template.substitute(title=escape(title), version=__version__, cards=MARK).split(MARK)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary, temporary.open("w", encoding="utf-8", errors="replace") as file:
            file.write(head)
            yield ContactSheet(file)
            file.write(foot)
    except OSError as error:
        raise UnwritableOutput(f"cannot write {path}: {error.strerror or error}; choose another name") from error


def _card(report: PhotoReport) -> str:
    title = f"<h2>{escape(str(report.source))}</h2>"
    if report.outcome in {Outcome.NO_FACE, Outcome.FAILED}:
        reason = report.reason.removeprefix(f"{report.source}: ")
        return f'<section class="left">{title}<p>{escape(reason)}</p></section>\n'
    try:
        before = turn_photo(read_image(report.source, page=list_pages(report.source)[0]), report.turns).image
        after = read_image(report.target, page=list_pages(report.target)[0]).image
    except RetratoError as error:
        return f'<section class="left">{title}<p>{escape(str(error))}</p></section>\n'
    shown = [each for each in report.restored if each.page == 1][:FACES_SHOWN]
    faces = "".join(_pair(_face(before, each, 1), _face(after, each, len(after) / len(before))) for each in shown)
    trust = how_far_trusted(report.largely_guessed, several=report.pages > 1)
    guessed = "".join(f"<li>largely guessed: {escape(each)}</li>" for each in trust)
    left = "".join(f"<li>left as found: {escape(each.left_because or '')}</li>" for each in report.left)
    notes = "".join(f"<li>{escape(each)}</li>" for each in report.notes)
    return (
        f"<section>{title}<div class=pictures>{_pair(_small(before, PHOTO_SIDE), _small(after, PHOTO_SIDE))}"
        f"<div class=faces>{faces}</div></div><ul>{guessed}{left}{notes}</ul></section>\n"
    )


def _pair(before: PIL.Image.Image, after: PIL.Image.Image) -> str:
    return f"<figure>{_tag(before, 'before')}{_tag(after, 'restored')}</figure>"


def _tag(picture: PIL.Image.Image, words: str) -> str:
    content = io.BytesIO()
    picture.save(content, "WEBP", quality=WEBP_QUALITY)
    data = base64.b64encode(content.getvalue()).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img loading=lazy alt="{words}" title="{words}" {size} src="data:image/webp;base64,{data}">'


def _small(image: Image, side: int) -> PIL.Image.Image:
    picture = PIL.Image.fromarray(image)
    picture.thumbnail((side, side), PIL.Image.Resampling.LANCZOS, reducing_gap=2)
    return picture


def _face(image: Image, face: FaceReport, scale: float) -> PIL.Image.Image:
    """The face and what is around it, as a square; what lies outside the photo is cut off."""
    left, top, right, bottom = (scale * each for each in face.box)
    half = (0.5 + ROOM) * max(right - left, bottom - top)
    x, y = (left + right) / 2, (top + bottom) / 2
    rows = slice(max(0, round(y - half)), max(1, round(y + half)))
    columns = slice(max(0, round(x - half)), max(1, round(x + half)))
    picture = PIL.Image.fromarray(image[rows, columns])
    return picture.resize(_fitting(picture.size), PIL.Image.Resampling.LANCZOS)


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """That size, the longer side of a face on the sheet."""
    scale = FACE_SIDE / max(size)
    return max(1, round(scale * size[0])), max(1, round(scale * size[1]))
