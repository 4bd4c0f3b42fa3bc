"""Photos in files: read whole or not at all, written whole or not at all."""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from retrato.errors import UnreadableImage, UnwritableOutput
from retrato.images.decoding import PIXEL_LIMIT, copied_page, decode_photo, picture_pages
from retrato.images.encoding import IMAGE_SUFFIXES, encode, fitted, format_for, suffix_for, tiff_page
from retrato.images.photo import Photo
from retrato.images.tags import BinaryFile
from retrato.images.tiff_files import CopiedPage, TiffPage, WritableFile, write_tiff

__all__ = [
    "IMAGE_SUFFIXES",
    "PIXEL_LIMIT",
    "copy_page",
    "digest_of_file",
    "format_for",
    "list_pages",
    "read_image",
    "require_writable",
    "set_times",
    "suffix_for",
    "times_of",
    "write_image",
    "write_pages",
    "writing",
]


def read_image(path: str | PathLike[str], *, page: int | None = None, pixel_limit: int = PIXEL_LIMIT) -> Photo:
    """The photo in a JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC file; see `decode_photo`.

    Args:
        path: where.
        page: of a TIFF with several, one that `list_pages` names.
        pixel_limit: the most pixels to accept, checked before any are decoded.

    Raises:
        UnreadableImage: there is no such file, or it is not one whole picture.
    """
    with _opened(Path(path)) as file:
        return decode_photo(file, page=page, pixel_limit=pixel_limit)


def list_pages(path: str | PathLike[str]) -> tuple[int, ...]:
    """The pages of a TIFF, for `read_image`; (0,) for every other file.

    Raises:
        UnreadableImage: there is no such file, or it is a damaged TIFF.
    """
    with _opened(Path(path)) as file:
        return picture_pages(file)


def copy_page(path: str | PathLike[str], page: int) -> Photo | CopiedPage:
    """A page of a TIFF as it is, to the bit; as a photo where its pixels mean nothing in another place.

    Raises:
        UnreadableImage: there is no such file or page, or it is damaged.
    """
    with _opened(Path(path)) as file:
        return copied_page(file, page) or decode_photo(file, page=page)


def write_image(
    photo: Photo, path: str | PathLike[str], *, format: str | None = None, replace: bool = False
) -> tuple[str, ...]:
    """Writes a photo whole or not at all, in the format that the name's ending stands for.

    All that the format can hold is kept, and all pixels that were not changed; see `encode`. JPEG is compressed as the
    photo's own file was, or at quality 95 with colour at full resolution; WebP at quality 95 or without loss, AVIF and
    HEIC at 90; PNG, TIFF and BMP are lossless. Missing folders are made.

    Args:
        photo: what to write.
        path: where.
        format: Pillow's name of the file format, instead of the one that the name's ending stands for.
        replace: whether a file of that name may be written over.

    Returns:
        What the format could not hold, in words.

    Raises:
        UnwritableOutput: the name is taken or of no known format, or nothing can be written there.
        MissingPackage: HEIC, without the package for it.
    """
    path = Path(path)
    format = format_for(path) if format is None else format
    with writing(path, replace=replace):
        encoded = encode(photo, format)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(lambda file: file.write(encoded.data), path, replace)
    return encoded.left_out


def write_pages(
    pages: Iterable[Photo | CopiedPage], path: str | PathLike[str], *, replace: bool = False
) -> tuple[str, ...]:
    """Writes a TIFF of several pages, whole or not at all, one page in memory at a time.

    Args:
        pages: may be made while they are written; what that raises is raised.
        path: where; missing folders are made.
        replace: whether a file of that name may be written over.

    Returns:
        What of the photos a TIFF could not hold, in words.

    Raises:
        UnwritableOutput: the name is taken or no TIFF's, or nothing can be written there.
    """
    path = Path(path)
    left_out: list[str] = []

    def fitting() -> Iterator[TiffPage | CopiedPage]:
        for page in pages:
            if isinstance(page, CopiedPage):
                yield page
                continue
            fitting_page, words = fitted(page, "TIFF")
            left_out.extend(words)
            yield tiff_page(fitting_page)

    with writing(path, replace=replace):
        if format_for(path) != "TIFF":
            raise UnwritableOutput("only a TIFF holds several pages; choose a name that ends in .tif")
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(lambda file: write_tiff(fitting(), file), path, replace)
    return tuple(dict.fromkeys(left_out))


def digest_of_file(path: str | PathLike[str]) -> str:
    """SHA-256 of what is in a file, as hexadecimal digits.

    Raises:
        UnreadableImage: there is no such file, or it is empty.
    """
    with _opened(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def times_of(path: str | PathLike[str]) -> tuple[int, int]:
    """When a file was last read and last changed, for `set_times`.

    Raises:
        UnreadableImage: there is no such file.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        raise UnreadableImage(f"{path}: {_why_unreadable(Path(path), error)}") from error
    return status.st_atime_ns, status.st_mtime_ns


def set_times(path: str | PathLike[str], times: tuple[int, int]) -> None:
    """Makes a file as old as another.

    Raises:
        UnwritableOutput: it is not one's own.
    """
    try:
        os.utime(path, ns=times)
    except OSError as error:
        raise UnwritableOutput(f"{path} is written, but its times cannot be set: {_reason(error)}") from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryFile]:
    """The file, with its name before whatever is wrong with it."""
    try:
        _require_filled_file(path)
        with path.open("rb") as file:
            yield file
    except UnreadableImage as error:
        raise UnreadableImage(f"{path}: {error}") from error
    except OSError as error:
        raise UnreadableImage(f"{path}: {_why_unreadable(path, error)}") from error


@contextmanager
def writing(path: Path, *, replace: bool) -> Iterator[None]:
    """Looks whether a file could be written, and puts its name before whatever goes wrong while it is.

    Raises:
        UnwritableOutput: the name is taken, too long, or not one for a file; or what goes wrong, with what to do.
    """
    try:
        _require_free(path, replace)
        yield
    except UnwritableOutput as error:
        raise UnwritableOutput(f"cannot write {path}: {error}") from error
    except OSError as error:
        raise UnwritableOutput(f"cannot write {path}: {_why_unwritable(path, error)}") from error


def _require_filled_file(path: Path) -> None:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableImage("a folder without pictures; name one with some, or files")
    if not stat.S_ISREG(status.st_mode):  # reading from a pipe might wait for ever
        raise UnreadableImage("a device or pipe, not a file; name a picture file")
    if status.st_size == 0:
        raise UnreadableImage("an empty file (0 bytes); get a whole copy of it")


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return f"a link to {path.readlink()}, which does not exist; mend the link or name the file itself"
        return "no such file; check the name"
    if isinstance(error, PermissionError):
        return "you may not read this file; ask its owner or change its permissions"
    return f"cannot be read ({_reason(error)}); check the name and the disk"


def require_writable(path: Path, *, replace: bool) -> None:
    """Look, before the work that goes into a picture, whether it could be written; writing makes sure.

    Raises:
        UnwritableOutput: the name is taken, too long, or not one for a file.
    """
    with writing(path, replace=replace):
        pass


def _require_free(path: Path, replace: bool) -> None:
    if path.is_dir():
        raise UnwritableOutput("a folder has this name; name a file in it")
    if path.exists() and not path.is_file():  # replacing /dev/null would be a bad surprise
        raise UnwritableOutput("a device or pipe, not a file; name a file")
    if not replace and (path.exists() or path.is_symlink()):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _write_whole(write: Callable[[WritableFile], object], path: Path, replace: bool) -> None:
    """Under a passing name first, so that nobody sees half a picture; `open` leaves who may read it to the umask."""
    temporary = path.with_name(f".retrato-{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _take_free_name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _take_free_name(temporary: Path, path: Path) -> None:
    """Gives a file its name, unless the name was taken in the meantime.

    Raises:
        FileExistsError: it was.
    """
    try:
        path.hardlink_to(temporary)  # in one step, unlike asking first
    except FileExistsError:
        raise
    except OSError:  # FAT and some network disks have no hard links
        path.open("xb").close()
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _why_unwritable(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError) and not path.parent.is_dir():
        return f"{error.filename} is a file, not a folder; choose another folder"
    if isinstance(error, FileExistsError):
        return "a file of this name exists; choose another name, or allow it to be replaced (--overwrite)"
    if isinstance(error, PermissionError):
        return "you may not write in this folder; choose another folder"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space or choose another folder"
    return f"{_reason(error)}; choose another name or folder"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
