"""Faces to learn from: pictures in folders and in tar archives, one file each."""

import io
import tarfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from retrato.data.places import read_places
from retrato.data.stored_image import StoredImage
from retrato.errors import UnreadableImage, UnusableData
from retrato.images.decoding import decode_photo
from retrato.images.encoding import IMAGE_SUFFIXES
from retrato.images.resizing import resize
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


class FaceImages:
    """Square faces at one size, decoded when they are asked for."""

    def __init__(
        self, stored: Sequence[StoredImage], size: int, known_places: Mapping[str, Places] | None = None
    ) -> None:
        """Of pictures in files.

        Args:
            stored: where they are.
            size: width and height in pixels to which they are brought.
            known_places: of eyes and mouth, by file name without ending; others are in the notes beside a picture, or
                else where the template has them.
        """
        self.stored = list(stored)
        self.size = size
        self._known_places = known_places or {}

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """The face of that index.

        Raises:
            UnusableData: its file is not a readable, square picture.
        """
        stored = self.stored[index]
        try:
            photo = decode_photo(io.BytesIO(stored.read()))
        except (UnreadableImage, OSError) as error:
            raise UnusableData(f"cannot read {stored.name} in {stored.file}: {error}") from error
        if photo.width != photo.height:
            raise UnusableData(
                f"{stored.name} in {stored.file} is {photo.width}x{photo.height}: aligned faces are square"
            )
        image = photo.image if photo.width == self.size else resize(photo.image, self.size, self.size)
        return torch.from_numpy(image).permute(2, 0, 1)

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


def source_shares(images: Sequence[StoredImage]) -> Float[Tensor, " n"]:
    """How likely each picture is drawn, so that a large source does not drown the small ones.

    Each source counts with the square root of how many pictures it has.
    """
    counts = Counter(each.source for each in images)
    return torch.tensor([counts[each.source] ** -0.5 for each in images])
