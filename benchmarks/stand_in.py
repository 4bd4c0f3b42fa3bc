"""What `retrato restore` does with a file, with a stand-in for the networks so that thousands take minutes."""

from pathlib import Path

import numpy as np
import PIL.Image

from retrato.errors import UnusableFace
from retrato.faces.face import Box, Face
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.photo_file import restore_file
from retrato.restoration.report import Outcome
from retrato.shapes import Faces, Image


class Darker:
    """In place of a face restorer: changes every pixel of the face."""

    name = "darker"
    size = 64

    def __call__(self, faces: Faces) -> Faces:
        """Half as bright."""
        return (faces - 1) / 2


def one_face(image: Image) -> list[Face]:
    """In place of a detector: a face in the middle of whatever is large enough."""
    height, width = image.shape[:2]
    if min(height, width) < 48:
        return []
    shape = np.array([(0, 0), (1, 0), (0.5, 0.59), (0.07, 1.04), (0.95, 1.04)])
    left, top = width / 2 - 24.0, height / 2 - 24.0
    return [Face(Box(left, top, left + 48, top + 48), np.array([left + 14, top + 14]) + 20 * shape, 0.99)]


RESTORE = PhotoRestorer(one_face, Darker())


def restored_file(path: Path, target: Path) -> str:
    """As the command does it, and how many faces.

    Raises:
        RetratoError: there is no result, with the reason.
    """
    report = restore_file(path, target, RESTORE)
    if report.outcome is Outcome.NO_FACE:
        raise UnusableFace(report.reason)
    return f"{len(report.restored)} faces"


def faults_left(path: Path, target: Path, before: bytes, is_done: bool) -> str | None:
    """What is wrong with the files afterwards, if anything."""
    is_there = path.is_file() and not path.is_symlink()
    if is_there and path.read_bytes() != before:
        return "the input was changed"
    if not target.parent.is_dir():
        return None
    strangers = [each.name for each in target.parent.iterdir() if each.name != target.name]
    if strangers:
        return f"left behind: {', '.join(strangers)}"
    if not is_done:
        return "an error, and yet a result" if target.is_file() else None
    return _why_not_whole(target)


def _why_not_whole(target: Path) -> str | None:
    """As Pillow reads it, which is told to take no half pictures."""
    if not target.exists():
        return "no error, and yet no result"
    try:
        with PIL.Image.open(target) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        return f"a result that is not whole: {error}"
    return None
