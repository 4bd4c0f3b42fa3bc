"""What restorers are tried on: good faces made bad here, published pairs, or photos whose truth nobody knows."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from jaxtyping import Float
from torch import Tensor

from retrato.data import FaceImages, StoredImage, random_state
from retrato.degradation import Preset, degrade, draw
from retrato.errors import UnreadableImage, UnusableData
from retrato.images.decoding import decode_photo
from retrato.images.tensors import from_levels

Face = Float[Tensor, "3 s s"]
"""RGB in [-1, 1]."""

_FACE_NUMBER = re.compile(r"_\d\d$")
"""GFPGAN's programs write the first face of 0001.png as 0001_00.png."""
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Entry:
    """Where one face's pictures stand, as far as there are any."""

    name: str
    input: StoredImage | None = None
    """What a restorer gets."""
    restored: StoredImage | None = None
    """What somebody's restorer made of it."""
    target: StoredImage | None = None
    """The truth."""


@dataclass(frozen=True)
class Trial:
    """Faces to try restorers on. The same trial gives the same pictures, whoever is tried."""

    name: str
    """In the words of a report."""
    entries: tuple[Entry, ...]
    degradation: Preset | None = None
    """How targets become inputs; None where inputs have files of their own, or there are none."""
    seed: int = 0
    """Of the degradation; a face's own draw hangs on its place among the entries alone."""
    left_out: int = 0
    """Pictures that nobody has restored: a restorer that skips what is hard looks better than it is."""

    @property
    def has_inputs(self) -> bool:
        """Whether there is anything to restore."""
        return self.degradation is not None or self.entries[0].input is not None

    @property
    def has_targets(self) -> bool:
        """Whether the truth is known."""
        return self.entries[0].target is not None

    @property
    def has_restored(self) -> bool:
        """Whether somebody has restored them before."""
        return self.entries[0].restored is not None

    @property
    def words(self) -> str:
        """What it is, in a line."""
        made = f"{self.degradation} degradation, seed {self.seed}" if self.degradation else "as they are"
        left_out = f", {self.left_out} without a restored picture left out" if self.left_out else ""
        return f"{self.name}, {made}{left_out}"


@dataclass(frozen=True, eq=False)
class Case:
    """One face's pictures, of one size."""

    name: str
    input: Face | None
    restored: Face | None
    target: Face | None


def degraded_trial(name: str, faces: Sequence[StoredImage], degradation: Preset, seed: int = 0) -> Trial:
    """Good faces, made bad when they are asked for."""
    return Trial(name, tuple(Entry(each.name, target=each) for each in faces), degradation, seed)


def stored_trial(
    name: str,
    inputs: Sequence[StoredImage] | None = None,
    restored: Sequence[StoredImage] | None = None,
    targets: Sequence[StoredImage] | None = None,
) -> Trial:
    """Pictures that are there already, matched by their names without ending.

    A `_00` after the name, as GFPGAN counts the faces of a photo, is left out where nothing else matches.

    Raises:
        UnusableData: there is nothing to measure, or a picture has no partner of its name.
    """
    given = {kind: each for kind, each in (("input", inputs), ("restored", restored), ("target", targets)) if each}
    if not (inputs or restored):
        raise UnusableData(f"{name} has neither pictures to restore nor restored ones: name a folder of either")
    leading = restored or inputs or ()
    others = {kind: _by_key(each) for kind, each in given.items() if each is not leading}
    entries = []
    for picture in leading:
        found = {kind: _partner(picture, pictures) for kind, pictures in others.items()}
        found["restored" if leading is restored else "input"] = picture
        entries.append(Entry(picture.name, **found))
    _require_partners(name, entries, others)
    most = max(len(each) for each in given.values())
    return Trial(name, tuple(entries), left_out=most - len(entries))


def each_case(trial: Trial, size: int) -> Iterator[Case]:
    """The pictures of face after face, brought to a size in pixels.

    Raises:
        UnusableData: a file is no readable, square picture.
    """
    for place, entry in enumerate(trial.entries):
        loaded, restored, target = (_face(each, size) for each in (entry.input, entry.restored, entry.target))
        if trial.degradation is not None and target is not None:
            record = draw(random_state(trial.seed, place, "degrade"), 1, trial.degradation.ranges)
            loaded, target = (batch[0] for batch in degrade(target[None], record))
        yield Case(entry.name, loaded, restored, target)


def own_size(trial: Trial) -> int:
    """Width in pixels of the first picture that a trial is measured by.

    Raises:
        UnusableData: its file is no readable picture.
    """
    first = trial.entries[0]
    picture = first.restored or first.target or first.input
    assert picture is not None  # a trial has pictures of some kind
    return width_of(picture)


def width_of(stored: StoredImage) -> int:
    """Of a picture, in pixels.

    Raises:
        UnusableData: its file is no readable picture.
    """
    try:
        return decode_photo(io.BytesIO(stored.read())).width
    except (UnreadableImage, OSError) as error:
        raise UnusableData(f"cannot read {stored.name} in {stored.file}: {error}") from error


def _face(stored: StoredImage | None, size: int) -> Face | None:
    return None if stored is None else from_levels(FaceImages([stored], size)[0])


def _keys(name: str) -> tuple[str, str]:
    """A name without its ending, with its folders and without."""
    path = PurePosixPath(name)
    return path.with_suffix("").as_posix(), path.stem


def _by_key(pictures: Sequence[StoredImage]) -> dict[str, StoredImage]:
    """By both keys, as far as they name one picture alone."""
    counts = Counter(key for each in pictures for key in set(_keys(each.name)))
    return {key: each for each in pictures for key in _keys(each.name) if counts[key] == 1}


def _partner(picture: StoredImage, others: Mapping[str, StoredImage]) -> StoredImage | None:
    keys = _keys(picture.name)
    spellings = [*keys, *(_FACE_NUMBER.sub("", key) for key in keys), *(f"{key}_00" for key in keys)]
    return next((others[key] for key in spellings if key in others), None)


def _require_partners(name: str, entries: Sequence[Entry], kinds: Mapping[str, object]) -> None:
    for kind in kinds:
        lonely = [each.name for each in entries if getattr(each, kind) is None]
        if lonely:
            some = ", ".join(lonely[:_NAMED_AT_MOST]) + (", …" if len(lonely) > _NAMED_AT_MOST else "")
            raise UnusableData(
                f"{name}: {len(lonely)} of {len(entries)} pictures have no {kind} of the same name: {some}; "
                f"give both the same names, whatever their endings"
            )
