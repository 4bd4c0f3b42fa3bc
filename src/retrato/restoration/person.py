"""One person among others, by a photo of theirs."""

from collections.abc import Sequence
from pathlib import Path

from retrato.errors import UnusableFace
from retrato.faces.alignment import cut_out
from retrato.faces.detector import FaceDetector
from retrato.faces.plausible import require_plausible
from retrato.images.files import read_image
from retrato.images.photo import Photo
from retrato.restoration.likeness import Embed, embedded
from retrato.shapes import Image
from retrato.weights.embedders import load_embedder

CROP_SIZE = 256


class Person:
    """Somebody whom a photo shows, and how alike faces are to them."""

    def __init__(self, embed: Embed, crop: Image) -> None:
        """Remember a face.

        Args:
            embed: aligned faces to what a recognition network makes of them.
            crop: the person's face, aligned as FFHQ's are.
        """
        self._embed = embed
        self._embedding = embedded(embed, [crop])

    @classmethod
    def from_photo(cls, photo: Photo, find_faces: FaceDetector, embed: Embed | None = None) -> "Person":
        """The person whose face is the largest of a photo; unless another is given, the bundled embedder knows them.

        Raises:
            UnusableFace: it shows no face that can be cut out.
            UnusableWeights: the bundled embedder is broken.
        """
        found = find_faces(photo.image)
        if not found:
            raise UnusableFace("no face in the photo of the person: name one that shows them larger, from the front")
        try:
            require_plausible(found[0])
            crop = cut_out(photo.image, found[0].landmarks, CROP_SIZE)
        except UnusableFace as error:
            raise UnusableFace(f"the face in the photo of the person cannot be used: {error}; name another") from None
        return cls(embed or load_embedder(), crop.image)

    @classmethod
    def from_file(cls, path: str | Path, find_faces: FaceDetector, embed: Embed | None = None) -> "Person":
        """As `from_photo`, of a file.

        Raises:
            UnreadableImage: it is no picture; and as `from_photo`.
        """
        return cls.from_photo(read_image(path), find_faces, embed)

    def likenesses(self, crops: Sequence[Image]) -> list[float]:
        """How alike aligned faces are to the person: cosines, 1 for the same picture and about 0 for a stranger."""
        if not crops:
            return []
        found: list[float] = (embedded(self._embed, crops) @ self._embedding.T)[:, 0].tolist()
        return found
