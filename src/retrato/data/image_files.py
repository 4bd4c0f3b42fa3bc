"""Faces to learn from: pictures in folders and in tar archives, one file each."""

import io
import tarfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from retrato.errors import UnreadableImage, UnusableData
from retrato.images.decoding import decode_photo
from retrato.images.encoding import IMAGE_SUFFIXES
from retrato.images.resizing import resize


@dataclass(frozen=True)
class StoredImage:
    """Where the bytes of a picture stand."""

    name: str
    """Within its folder or archive, with / between folders."""
    file: Path
    start: int = 0
    size_bytes: int | None = None
    """None for the whole file."""
    source: str = ""
    """Pictures of one source are more alike than others: a subfolder, what stands before a name's first underscore, or
    else the folder or archive."""

    def read(self) -> bytes:
        """The picture file's bytes."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return file.read(-1 if self.size_bytes is None else self.size_bytes)


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
    named = {each.relative_to(folder).as_posix(): each for each in sorted(folder.rglob("*")) if each.is_file()}
    return [StoredImage(name, each, source=_source(name, folder)) for name, each in named.items() if _is_picture(name)]


def _in_archive(archive: Path) -> list[StoredImage]:
    try:
        with tarfile.open(archive, "r:") as tar:
            members = [each for each in tar.getmembers() if each.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise UnusableData(f"{archive} is not a readable, uncompressed tar archive: {error}") from error
    return [
        StoredImage(each.name, archive, each.offset_data, each.size, _source(each.name, archive))
        for each in sorted(members, key=lambda member: member.name)
        if _is_picture(each.name)
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

    def __init__(self, stored: Sequence[StoredImage], size: int) -> None:
        self.stored = list(stored)
        self.size = size

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


def source_shares(images: Sequence[StoredImage]) -> Float[Tensor, " n"]:
    """How likely each picture is drawn, so that a large source does not drown the small ones.

    Each source counts with the square root of how many pictures it has.
    """
    counts = Counter(each.source for each in images)
    return torch.tensor([counts[each.source] ** -0.5 for each in images])
