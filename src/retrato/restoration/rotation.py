"""Photos that lie on their side or upside down."""

from enum import StrEnum

from retrato.faces.detector import FaceDetector
from retrato.faces.turning import TurningDetector, quarter_turns
from retrato.shapes import Image


class Rotation(StrEnum):
    """How photos are turned before all else."""

    NONE = "none"
    AUTO = "auto"
    """So that most faces are upright."""
    QUARTER = "90"
    """Degrees against the clock, as the following."""
    HALF = "180"
    THREE_QUARTERS = "270"

    def quarters(self, image: Image, find_faces: FaceDetector) -> int:
        """How many times 90 degrees against the clock that is for a picture, 0 to 3."""
        match self:
            case Rotation.NONE:
                return 0
            case Rotation.AUTO:
                return quarter_turns(TurningDetector(find_faces, always=True)(image))
            case _:
                return int(self) // 90
