"""Pictures next to each other, to compare by eye."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from jaxtyping import UInt8
from PIL import ImageDraw, ImageFont
from PIL.Image import Resampling

AnyImage = UInt8[np.ndarray, "_ _ 3"]
"""RGB, 0 to 255; unlike an `Image`, next to others of other sizes."""

Sheet = UInt8[np.ndarray, "sheet_h sheet_w 3"]
"""RGB, 0 to 255, of another size than the pictures on it."""

_PAPER = (255, 255, 255)
_TITLE_INK = (24, 24, 24)
_CAPTION_INK = (96, 96, 96)
_ELLIPSIS = "…"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Row:
    """Pictures to compare, and what to say of them."""

    images: Sequence[AnyImage]
    caption: str = ""
    """Stands below the pictures."""


@dataclass(frozen=True)
class _Layout:
    """Where things stand on a sheet, in pixels."""

    row_height: int
    column_widths: tuple[int, ...]

    @property
    def gap(self) -> int:
        """Between two pictures."""
        return max(4, self.row_height // 24)

    @property
    def margin(self) -> int:
        """Around everything."""
        return 2 * self.gap

    @property
    def text_size(self) -> int:
        """Readable when the whole sheet is seen at once."""
        return max(12, self.row_height // 20)

    @property
    def width(self) -> int:
        """From the first column's left edge to the last one's right."""
        return sum(self.column_widths) + self.gap * (len(self.column_widths) - 1)

    def columns(self) -> Iterator[tuple[int, int]]:
        """Left edge and width of each column."""
        left = 0
        for width in self.column_widths:
            yield left, width
            left += width + self.gap


def sheet(rows: Sequence[Row], titles: Sequence[str] = (), *, row_height: int = 512) -> Sheet:
    """Pictures in rows and columns on white paper, a title above each column and a caption below each row.

    All pictures are brought to the row's height: larger ones are shrunk, and the pixels of smaller ones become visible
    squares, so that no picture looks smoother than it is.

    Raises:
        ValueError: there is no picture to show.
    """
    fitted = [[_at_height(image, row_height) for image in row.images] for row in rows]
    column_count = max((len(pictures) for pictures in fitted), default=0)
    if column_count == 0:
        raise ValueError("a sheet needs at least one picture, found none")
    columns = [[pictures[i] for pictures in fitted if i < len(pictures)] for i in range(column_count)]
    layout = _Layout(row_height, tuple(max(picture.width for picture in column) for column in columns))
    blocks = [
        _stacked([_picture_band(pictures, layout), *_caption_bands(row.caption, layout)], layout.gap // 2)
        for row, pictures in zip(rows, fitted, strict=True)
    ]
    body = _stacked(blocks, layout.margin if any(row.caption for row in rows) else layout.gap)
    return np.array(_with_margins(_stacked([*_title_bands(titles, layout), body], layout.gap), layout.margin))


def side_by_side(images: Sequence[AnyImage]) -> Sheet:
    """Pictures in one row at their own sizes, tops aligned, touching each other.

    Raises:
        ValueError: there is no picture to show.
    """
    if not images:
        raise ValueError("side by side needs at least one picture, found none")
    joined = _paper(sum(image.shape[1] for image in images), max(image.shape[0] for image in images))
    left = 0
    for image in images:
        joined.paste(PIL.Image.fromarray(image), (left, 0))
        left += image.shape[1]
    return np.array(joined)


def _paper(width: int, height: int) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (width, height), _PAPER)


def _at_height(image: AnyImage, height: int) -> PIL.Image.Image:
    picture = PIL.Image.fromarray(image)
    width = max(1, round(picture.width * height / picture.height))
    if picture.height >= height:
        return picture.resize((width, height), Resampling.LANCZOS)
    factor = -(-height // picture.height)  # squares a little too large, then averaged down: sharp but for their edges
    squares = picture.resize((picture.width * factor, picture.height * factor), Resampling.NEAREST)
    return squares.resize((width, height), Resampling.BOX)


def _picture_band(pictures: Sequence[PIL.Image.Image], layout: _Layout) -> PIL.Image.Image:
    band = _paper(layout.width, layout.row_height)
    for picture, (left, width) in zip(pictures, layout.columns(), strict=False):
        band.paste(picture, (left + (width - picture.width) // 2, 0))
    return band


def _title_bands(titles: Sequence[str], layout: _Layout) -> list[PIL.Image.Image]:
    """One band, or none where there are no titles."""
    if not any(titles):
        return []
    font = ImageFont.load_default(layout.text_size)
    texts = [_wrapped(title, font, width) for title, width in zip(titles, layout.column_widths, strict=False)]
    band = _paper(layout.width, max(_text_height(text, font) for text in texts))
    draw = ImageDraw.Draw(band)
    for text, (left, width) in zip(texts, layout.columns(), strict=False):
        centre_bottom = (left + width / 2, band.height)
        draw.multiline_text(centre_bottom, text, fill=_TITLE_INK, font=font, anchor="md", align="center")
    return [band]


def _caption_bands(caption: str, layout: _Layout) -> list[PIL.Image.Image]:
    """One band, or none where there is no caption."""
    if not caption:
        return []
    font = ImageFont.load_default(max(11, layout.text_size * 3 // 4))
    text = _wrapped(caption, font, layout.width)
    band = _paper(layout.width, _text_height(text, font))
    ImageDraw.Draw(band).multiline_text((0, 0), text, fill=_CAPTION_INK, font=font)
    return [band]


def _stacked(bands: Sequence[PIL.Image.Image], gap: int) -> PIL.Image.Image:
    """Bands of one width below each other."""
    whole = _paper(bands[0].width, sum(band.height for band in bands) + gap * (len(bands) - 1))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height + gap
    return whole


def _with_margins(picture: PIL.Image.Image, margin: int) -> PIL.Image.Image:
    paper = _paper(picture.width + 2 * margin, picture.height + 2 * margin)
    paper.paste(picture, (margin, margin))
    return paper


def _wrapped(text: str, font: Font, width: int) -> str:
    """The text with line breaks between words; a word that is too long for a line ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(_shortened(word, font, width))
    return "\n".join(lines)


def _shortened(word: str, font: Font, width: int) -> str:
    if font.getlength(word) <= width:
        return word
    kept = word
    while kept and font.getlength(kept + _ELLIPSIS) > width:
        kept = kept[:-1]
    return kept + _ELLIPSIS


def _text_height(text: str, font: Font) -> int:
    """With room for letters that reach below the line, whether or not there are any."""
    return round(ImageDraw.Draw(_paper(1, 1)).multiline_textbbox((0, 0), text + "g", font=font)[3])
