"""A mark that says a model had its hand in a picture. Restored pixels are guesses; people must be able to see that."""

from dataclasses import replace

import PIL.Image
from PIL.ExifTags import Base

from retrato import __version__
from retrato.images.photo import Photo


def mark_as_restored(photo: Photo, restorer: str) -> Photo:
    """The photo with a note in EXIF's ProcessingSoftware, which programs show among a picture's properties.

    Args:
        photo: with restored faces.
        restorer: kind and weights of what restored them.
    """
    exif = PIL.Image.Exif()
    if photo.exif is not None:
        exif.load(photo.exif)
    exif[Base.ProcessingSoftware] = f"retrato {__version__}: faces restored by a model ({restorer})"
    return replace(photo, exif=exif.tobytes())
