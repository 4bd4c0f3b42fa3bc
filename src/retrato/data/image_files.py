"""Faces to learn from: pictures in folders and in tar archives, one file each."""

import io
import tarfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import assert_never

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from retrato.data.places import read_places
from retrato.data.stored_image import StoredImage
from retrato.errors import UnreadableImage, UnusableData
from retrato.images.decoding import decode_photo
from retrato.images.encoding import IMAGE_SUFFIXES
from retrato.images.grids import AnyImage
from retrato.images.resizing import middle_square
from retrato.losses.components import TEMPLATE_PLACES, Places, as_tensor


def find_stored_images(places: Sequence[Path]) -> list[StoredImage]:
    """Pictures in folders (with their subfolders) and tar archives, sorted by name within each place.

    Raises:
        UnusableData: a place does not exist or holds no pictures.
    """
    found: list[StoredImage] = []
    for place in places:
        inside = _in_archive(place) if place.is_file() else _in_folder(place)
        if not inside:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            raise UnusableData(f"no pictures in {place}: give a folder or a tar archive with files of {kinds}")
        found += inside
    return found


def _in_folder(folder: Path) -> list[StoredImage]:
    if not folder.is_dir():
        raise UnusableData(f"no folder or archive {folder}")
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    named = {name: StoredImage(name, each) for each in files if (name := each.relative_to(folder).as_posix())}
    return _pictures(named, folder)


def _in_archive(archive: Path) -> list[StoredImage]:
    try:
        with tarfile.open(archive, "r:") as tar:
            members = [each for each in tar.getmembers() if each.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise UnusableData(f"{archive} is not a readable, uncompressed tar archive: {error}") from error
    members.sort(key=lambda member: member.name)
    named = {each.name: StoredImage(each.name, archive, each.offset_data, each.size) for each in members}
    return _pictures(named, archive)


def _pictures(named: Mapping[str, StoredImage], place: Path) -> list[StoredImage]:
    """The pictures among files, each with the notes beside it."""
    notes = {PurePosixPath(name): each for name, each in named.items() if name.endswith(".json")}
    return [
        replace(each, source=_source(name, place), notes=notes.get(PurePosixPath(name).with_suffix(".json")))
        for name, each in named.items()
        if _is_picture(name)
    ]


def _source(name: str, place: Path) -> str:
    subfolder, _, file_name = name.rpartition("/")
    prefix, underscore, _ = file_name.partition("_")
    return f"{place}/{subfolder}" if subfolder else prefix if underscore else str(place)


def _is_picture(name: str) -> bool:
    """By its ending; hidden files are none, such as those that a Mac leaves beside pictures."""
    parts = Path(name).parts
    return Path(name).suffix.lower() in IMAGE_SUFFIXES and not any(part.startswith(".") for part in parts)


class Framing(StrEnum):
    """What a task takes of each picture."""

    SQUARE = "square"
    """All of it; it has to be square, as aligned faces are."""
    MIDDLE = "middle"
    """The largest square in its middle."""
    PAIR = "pair"
    """Source and target beside each other, each the square in the middle of its half or, where they are in two files,
    of its file (`data.pairs`)."""
    UNPAIRED = "unpaired"
    """The same of two pictures that have nothing to do with each other."""

    @property
    def squares(self) -> int:
        """How many squares beside each other it gives."""
        return 2 if self in {Framing.PAIR, Framing.UNPAIRED} else 1


class FaceImages:
    """Square faces at one size, decoded when they are asked for."""

    def __init__(
        self,
        stored: Sequence[StoredImage],
        size: int,
        known_places: Mapping[str, Places] | None = None,
        framing: Framing = Framing.SQUARE,
    ) -> None:
        """Of pictures in files.

        Args:
            stored: where they are.
            size: width and height in pixels to which they are brought.
            known_places: of eyes and mouth, by file name without ending; others are in the notes beside a picture, or
                else where the template has them.
            framing: what is taken of each.
        """
        self.stored = list(stored)
        self.size = size
        self.framing = framing
        self._known_places = known_places or {}

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, index: int) -> UInt8[Tensor, "3 s wide"]:
        """The face of that index; of a pair, the source and to its right the target.

        Raises:
            UnusableData: its file is not a readable picture, or not one that the framing takes.
        """
        stored = self.stored[index]
        image = _decoded(stored)
        height, width = image.shape[:2]
        match self.framing:
            case Framing.SQUARE:
                if width != height:
                    raise UnusableData(f"{stored.name} in {stored.file} is {width}x{height}: aligned faces are square")
                images = [image]
            case Framing.MIDDLE:
                images = [image]
            case Framing.PAIR | Framing.UNPAIRED:
                images = [image, _decoded(stored.target)] if stored.target else _halves(image, stored)
            case _:
                assert_never(self.framing)
        squares = [middle_square(each, self.size) for each in images]
        return torch.from_numpy(np.concatenate(squares, 1)).permute(2, 0, 1)

    def places(self, index: int) -> Float[Tensor, "3 3"]:
        """Where eyes and mouth of the face of that index are, as `losses.components.as_tensor` gives it.

        Raises:
            UnusableData: the notes beside it are broken.
        """
        stored = self.stored[index]
        known = self._known_places.get(PurePosixPath(stored.name).stem)
        if known is None and stored.notes is not None:
            known = read_places(stored.notes)
        return as_tensor(known or TEMPLATE_PLACES)


def _decoded(stored: StoredImage) -> AnyImage:
    try:
        return decode_photo(io.BytesIO(stored.read())).image
    except (UnreadableImage, OSError) as error:
        raise UnusableData(f"cannot read {stored.name} in {stored.file}: {error}") from error


def _halves(image: AnyImage, stored: StoredImage) -> list[AnyImage]:
    height, width = image.shape[:2]
    if width < 1.5 * height:
        raise UnusableData(
            f"{stored.name} in {stored.file} is {width}x{height}: a pair stands side by side in one picture, about "
            "twice as wide as high, or in two files of one name, in the folders source and target"
        )
    return [image[:, : width // 2], image[:, width - width // 2 :]]


def source_shares(images: Sequence[StoredImage]) -> Float[Tensor, " n"]:
    """How likely each picture is drawn, so that a large source does not drown the small ones.

    Each source counts with the square root of how many pictures it has.
    """
    counts = Counter(each.source for each in images)
    return torch.tensor([counts[each.source] ** -0.5 for each in images])
