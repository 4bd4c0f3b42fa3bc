"""What sets of faces are compared with, by the name that a person gives it."""

from collections.abc import Mapping
from pathlib import Path

from retrato.data import find_stored_images
from retrato.evaluation.sets import Reference, SetQuestions
from retrato.evaluation.sources import StoredFaces, gather_features
from retrato.metrics.feature_files import load_ffhq_512, read_published_statistics, read_statistics
from retrato.metrics.features import FeatureKind

TARGETS = "targets"
"""The truth of the same pictures, whatever trial that is."""
FFHQ_512 = "ffhq-512"
"""The published statistics that GFP-GAN and others compare with."""
PUBLISHED_ENDINGS = frozenset({".pth", ".npz"})
DEFAULT_SIZE = 512


def read_reference(reference: str, questions: SetQuestions, size: int | None) -> Mapping[FeatureKind, Reference]:
    """Features that sets are compared with, of each kind for which they are known.

    Args:
        reference: `ffhq-512`, a file of statistics, or a folder or archive of faces.
        questions: which features are asked for.
        size: in pixels, to which faces of a folder are brought.

    Raises:
        UnavailableWeights: published statistics are not here and cannot be fetched.
        UnusableWeights: a file of statistics is broken.
        UnusableData: a folder has no pictures.
    """
    path = Path(reference)
    if reference == FFHQ_512:
        found: list[Reference] = [load_ffhq_512()]
    elif path.suffix == ".safetensors":
        found = [read_statistics(path)]
    elif path.suffix in PUBLISHED_ENDINGS:  # which say nothing of themselves: FID's features are what people publish
        found = [read_published_statistics(path, FeatureKind.INCEPTION_2048, path.name)]
    else:
        faces = StoredFaces.of(reference, find_stored_images([path]), size or DEFAULT_SIZE)
        found = [each.found() for each in gather_features(faces.draw(len(faces.images), 0), faces.name, questions)]
    return {each.kind: each for each in found}
