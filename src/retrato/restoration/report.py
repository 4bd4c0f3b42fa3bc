"""What became of a photo's file, and of each of its faces, as a record that outlives the pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from retrato.faces.face import Face
from retrato.restoration.photo import RestoredPhoto


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
    page: int = 1
    """Of a file with several pages."""
    left_because: str | None = None
    """Why it was left as it is; None if it was restored."""

    @classmethod
    def of(cls, face: Face, page: int, left_because: str | None = None) -> "FaceReport":
        """Of a face as it was found."""
        box = (face.box.left, face.box.top, face.box.right, face.box.bottom)
        points = tuple((round(float(x), 1), round(float(y), 1)) for x, y in face.landmarks)
        return cls(tuple(round(each, 1) for each in box), points, round(face.score, 4), page, left_because)  # type: ignore[arg-type]


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

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "photo": str(self.source),
            "result": str(self.target),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "pages": self.pages,
            "faces": [
                {
                    "page": each.page,
                    "box": each.box,
                    "landmarks": each.landmarks,
                    "score": each.score,
                    "restored": each.left_because is None,
                    "left_because": each.left_because,
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
                each["page"],
                each["left_because"],
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
        )


def faces_of(result: RestoredPhoto, page: int = 1) -> Sequence[FaceReport]:
    """All faces of a photo, the restored ones first."""
    restored = [FaceReport.of(each.face, page) for each in result.faces]
    return [*restored, *(FaceReport.of(each.face, page, each.reason) for each in result.skipped)]
