"""What an exported file says of itself, so that what runs it needs nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from retrato.errors import UnusableWeights

INPUT = "faces"
"""The graph's input: aligned faces (N, 3, S, S), float32 RGB in [-1, 1]."""
OUTPUT = "restored"
"""The graph's output: the same faces restored, of the same shape and range."""
NOTICE = "What a model restores is its guess, not a record of how a person looked."

PREFIX = "retrato."
"""Of the names in an ONNX file's metadata."""


@dataclass(frozen=True)
class ExportLabel:
    """Of one exported restorer."""

    restorer: str
    """Kind and weights, in the words of a record."""
    image_size: int
    """Width and height of the faces."""
    weights_sha256: str
    """Of the weights file that was exported."""
    licence: str
    """Of the weights."""
    version: str
    """Of the retrato that exported it."""

    def as_metadata(self) -> dict[str, str]:
        """Names and texts, for a file's metadata."""
        return {
            f"{PREFIX}restorer": self.restorer,
            f"{PREFIX}image_size": str(self.image_size),
            f"{PREFIX}weights_sha256": self.weights_sha256,
            f"{PREFIX}licence": self.licence,
            f"{PREFIX}version": self.version,
            f"{PREFIX}notice": NOTICE,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], file_name: str) -> "ExportLabel":
        """The label that `as_metadata` wrote.

        Raises:
            UnusableWeights: the file was not exported by retrato.
        """
        try:
            return cls(
                restorer=metadata[f"{PREFIX}restorer"],
                image_size=int(metadata[f"{PREFIX}image_size"]),
                weights_sha256=metadata[f"{PREFIX}weights_sha256"],
                licence=metadata[f"{PREFIX}licence"],
                version=metadata[f"{PREFIX}version"],
            )
        except (KeyError, ValueError) as error:
            raise UnusableWeights(
                f"{file_name} was not exported by retrato (its metadata lack or garble {error}): "
                "make one with `retrato export onnx`"
            ) from error
