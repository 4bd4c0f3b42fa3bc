"""What became of a photo's file, and of each of its faces, as a record that outlives the pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from retrato.faces.face import Face
from retrato.restoration.restored import RestoredPhoto
from retrato.restoration.trust import is_largely_guessed


class Outcome(StrEnum):
    """What became of a file."""

    RESTORED = "restored"
    """Its result is written."""
    DONE_BEFORE = "done before"
    """Its result was there already."""
    NO_FACE = "no face"
    """Nothing in it can be restored; nothing is written."""
    FAILED = "failed"
    """It could not be read, restored or written."""


@dataclass(frozen=True)
class FaceReport:
    """One face that was found."""

    box: tuple[float, float, float, float]
    """Left, top, right and bottom in pixels of the photo."""
    landmarks: tuple[tuple[float, float], ...]
    """Eyes, nose and corners of the mouth, in pixels of the photo."""
    score: float
    """How sure the detector was, 0 to 1."""
    number: int = 1
    """Among all faces of the photo, the largest first."""
    page: int = 1
    """Of a file with several pages."""
    left_because: str | None = None
    """Why it was left as it is; None if it was restored."""
    trust: float | None = None
    """How far a restored face can be trusted to show the person; see `RestoredFace`."""

    @property
    def is_largely_guessed(self) -> bool:
        """Whether it may well show somebody else."""
        return is_largely_guessed(self.trust)

    @classmethod
    def of(
        cls, face: Face, number: int, page: int, *, left_because: str | None = None, trust: float | None = None
    ) -> "FaceReport":
        """Of a face as it was found, and what became of it."""
        box = (face.box.left, face.box.top, face.box.right, face.box.bottom)
        points = tuple((round(float(x), 1), round(float(y), 1)) for x, y in face.landmarks)
        rounded = tuple(round(each, 1) for each in box)
        return cls(rounded, points, round(face.score, 4), number, page, left_because, trust)  # type: ignore[arg-type]


@dataclass(frozen=True)
class PhotoReport:
    """One file."""

    source: Path
    target: Path
    outcome: Outcome
    faces: tuple[FaceReport, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What each step took, on all pages."""
    notes: tuple[str, ...] = ()
    """What of the file is not in the result."""
    pages: int = 1
    reason: str = ""
    """Why it is not restored."""
    turns: int = 0
    """How many times 90 degrees the photo was turned against the clock; faces lie where they are after that."""
    digest: str = ""
    """SHA-256 of the photo's file, as it was read."""

    @property
    def is_there(self) -> bool:
        """Whether there is a result."""
        return self.outcome in {Outcome.RESTORED, Outcome.DONE_BEFORE}

    @property
    def restored(self) -> tuple[FaceReport, ...]:
        """The faces that were restored."""
        return tuple(each for each in self.faces if each.left_because is None)

    @property
    def left(self) -> tuple[FaceReport, ...]:
        """The faces that were left as they are."""
        return tuple(each for each in self.faces if each.left_because is not None)

    @property
    def largely_guessed(self) -> tuple[FaceReport, ...]:
        """The restored faces that may well show somebody else."""
        return tuple(each for each in self.faces if each.is_largely_guessed)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "photo": str(self.source),
            "sha256": self.digest,
            "result": str(self.target),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "pages": self.pages,
            "turned_degrees": 90 * self.turns,
            "faces": [
                {
                    "number": each.number,
                    "page": each.page,
                    "box": each.box,
                    "landmarks": each.landmarks,
                    "score": each.score,
                    "restored": each.left_because is None,
                    "left_because": each.left_because,
                    "trust": each.trust,
                    "largely_guessed": each.is_largely_guessed,
                }
                for each in self.faces
            ],
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
            "notes": self.notes,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], outcome: Outcome) -> "PhotoReport":
        """What `record` said, with another outcome.

        Raises:
            KeyError, TypeError: it says something else.
        """
        faces = tuple(
            FaceReport(
                tuple(each["box"]),
                tuple((x, y) for x, y in each["landmarks"]),
                each["score"],
                each["number"],
                each["page"],
                each["left_because"],
                each["trust"],
            )
            for each in record["faces"]
        )
        return cls(
            Path(record["photo"]),
            Path(record["result"]),
            outcome,
            faces,
            dict(record["seconds"]),
            tuple(record["notes"]),
            record["pages"],
            record["reason"],
            record["turned_degrees"] // 90,
            record["sha256"],
        )


def faces_of(result: RestoredPhoto, page: int = 1) -> Sequence[FaceReport]:
    """All faces of a photo, the restored ones first."""
    restored = [FaceReport.of(each.face, each.number, page, trust=each.trust) for each in result.faces]
    left = [FaceReport.of(each.face, each.number, page, left_because=each.reason) for each in result.skipped]
    return [*restored, *left]
