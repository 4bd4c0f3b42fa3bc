"""Pictures to learn from and to measure on."""

from retrato.data.batches import DrawnBatches, load_batches, random_state
from retrato.data.image_files import FaceImages, StoredImage, find_stored_images, source_shares

__all__ = [
    "DrawnBatches",
    "FaceImages",
    "StoredImage",
    "find_stored_images",
    "load_batches",
    "random_state",
    "source_shares",
]
