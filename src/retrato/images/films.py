"""Pictures after each other: films in files, there whole or not at all."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import assert_never

import cv2
import PIL.Image
from PIL.ExifTags import Base

from retrato.errors import UnwritableOutput
from retrato.images.files import writing
from retrato.images.grids import AnyImage
from retrato.whole_files import written_whole


class FilmFormat(StrEnum):
    """Kinds of film, by their names' endings."""

    GIF = ".gif"
    WEBP = ".webp"
    MP4 = ".mp4"


def film_format_for(path: Path) -> FilmFormat:
    """The kind of film that a name's ending stands for.

    Raises:
        UnwritableOutput: the ending is unknown.
    """
    try:
        return FilmFormat(path.suffix.lower())
    except ValueError:
        found = f"ends in {path.suffix!r}" if path.suffix else "has no ending"
        raise UnwritableOutput(
            f"the name {path.name!r} {found}, which is no known film format; use one of {', '.join(FilmFormat)}"
        ) from None


def write_film(
    frames: Iterable[AnyImage],
    path: str | PathLike[str],
    frames_per_second: float,
    *,
    note: str = "",
    replace: bool = False,
) -> None:
    """Writes a film whole or not at all, in the format that the name's ending stands for. Missing folders are made.

    GIF and WebP begin again at their end. A GIF has 256 colours a frame and counts time in hundredths of a second. An
    MP4 (codec mp4v) has an even width and height: OpenCV cuts an odd one by a pixel. It is written frame by frame; the
    frames of a GIF, in its colours, and of a WebP are in memory together.

    Args:
        frames: one or more, of one size.
        path: where.
        frames_per_second: 50 at most in a GIF, since programs show faster ones slowly.
        note: what people should know about it, in a GIF's comment and a WebP's EXIF; an MP4 has no room for it.
        replace: whether a file of that name may be written over.

    Raises:
        UnwritableOutput: the name is taken or of no known format, or nothing can be written there.
        ValueError: there are no frames, or they differ in size.
    """
    path = Path(path)
    format = film_format_for(path)
    with writing(path, replace=replace):
        even = _of_one_size(frames)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            match format:
                case FilmFormat.GIF:
                    _write_gif(even, temporary, frames_per_second, note)
                case FilmFormat.WEBP:
                    _write_webp(even, temporary, frames_per_second, note)
                case FilmFormat.MP4:
                    _write_mp4(even, temporary, frames_per_second)
                case _:
                    assert_never(format)


def _of_one_size(frames: Iterable[AnyImage]) -> Iterator[AnyImage]:
    """The same frames, looked at as they pass."""
    first: tuple[int, ...] | None = None
    for number, frame in enumerate(frames):
        first = first or frame.shape
        if frame.shape != first:
            raise ValueError(
                f"a film needs frames of one size, found {first[1]}x{first[0]} and, "
                f"in frame {number}, {frame.shape[1]}x{frame.shape[0]}"
            )
        yield frame
    if first is None:
        raise ValueError("a film needs at least one frame, found none")


def _write_gif(frames: Iterator[AnyImage], path: Path, frames_per_second: float, note: str) -> None:
    pictures = map(_in_256_colours, frames)
    milliseconds = 10 * max(2, round(100 / frames_per_second))
    options = {"comment": note.encode()} if note else {}
    first = next(pictures)
    with path.open("wb") as file:  # Pillow would leave it open when frames are interrupted
        first.save(file, "GIF", save_all=True, append_images=pictures, duration=milliseconds, loop=0, **options)


def _in_256_colours(frame: AnyImage) -> PIL.Image.Image:
    """In the colours that suit it best; dithered, lest skin fall into patches."""
    picture = PIL.Image.fromarray(frame)
    return picture.quantize(256, palette=picture.quantize(256), dither=PIL.Image.Dither.FLOYDSTEINBERG)


def _write_webp(frames: Iterator[AnyImage], path: Path, frames_per_second: float, note: str) -> None:
    exif = PIL.Image.Exif()
    if note:
        exif[Base.ProcessingSoftware] = note
    pictures = map(PIL.Image.fromarray, frames)
    milliseconds = round(1000 / frames_per_second)
    options = {"duration": milliseconds, "loop": 0, "quality": 90, "exif": exif}
    first = next(pictures)
    with path.open("wb") as file:  # as above
        first.save(file, "WEBP", save_all=True, append_images=pictures, **options)


def _write_mp4(frames: Iterator[AnyImage], path: Path, frames_per_second: float) -> None:
    encoded = path.with_suffix(FilmFormat.MP4)  # OpenCV, too, goes by the ending
    try:
        encoded.touch()  # says what is wrong with a folder, which OpenCV does not
        count = _encode_mp4(frames, encoded, frames_per_second)
        if _frame_count(encoded) != count:  # OpenCV does not say when a disk is full
            raise UnwritableOutput("the MP4 that OpenCV wrote is not whole: free some space, or write .webp or .gif")
        encoded.replace(path)
    finally:
        encoded.unlink(missing_ok=True)


def _encode_mp4(frames: Iterator[AnyImage], path: Path, frames_per_second: float) -> int:
    """How many frames were given to the encoder."""
    first = next(frames)
    height, width, _ = first.shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), frames_per_second, (width, height))
    count = 0
    try:
        if not writer.isOpened():
            raise UnwritableOutput("this OpenCV cannot write MP4 (codec mp4v): write .webp or .gif")
        for frame in chain([first], frames):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            count += 1
    finally:
        writer.release()
    return count


def _frame_count(path: Path) -> int:
    film = cv2.VideoCapture(str(path))
    try:
        return round(film.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        film.release()
