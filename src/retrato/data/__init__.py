"""Pictures to learn from and to measure on."""

from retrato.data.batches import DrawnBatches, FaceBatch, load_batches, random_state
from retrato.data.image_files import FaceImages, Framing, find_stored_images, source_shares
from retrato.data.pairs import paired, unpaired
from retrato.data.places import read_ffhq_places
from retrato.data.stored_image import StoredImage

__all__ = [
    "DrawnBatches",
    "FaceBatch",
    "FaceImages",
    "Framing",
    "StoredImage",
    "find_stored_images",
    "load_batches",
    "paired",
    "random_state",
    "read_ffhq_places",
    "source_shares",
    "unpaired",
]
