"""A mark that says a model had its hand in a picture. Restored pixels are guesses; people must be able to see that."""

from collections.abc import Sequence
from dataclasses import replace

from PIL.ExifTags import Base

from retrato import __version__
from retrato.images.exif import with_text
from retrato.images.photo import Photo


def mark_as_restored(
    photo: Photo, restorer: str | None, upscaler: str | None = None, largely_guessed: int = 0
) -> Photo:
    """The photo with a note in EXIF's ProcessingSoftware, which programs show among a picture's properties.

    Args:
        photo: with restored faces, or enlarged by a model.
        restorer: kind and weights of what restored the faces, where there are any.
        upscaler: kind and weights of the model that enlarged what is around them, where one did.
        largely_guessed: how many of the faces may well show somebody else.
    """
    guessed = f", {largely_guessed} of them largely guessed" if largely_guessed else ""
    done = [f"faces restored by a model ({restorer}){guessed}"] if restorer else []
    done += [f"background enlarged by a model ({upscaler})"] if upscaler else []
    return _noted(photo, photo.exif, f"retrato {__version__}: {', '.join(done)}")


def mark_as_generated(photo: Photo, generator: str) -> Photo:
    """The picture with `generated_note` in EXIF's ProcessingSoftware, instead of whatever EXIF it had.

    Args:
        photo: drawn by a model from nothing but chance.
        generator: kind and weights of what drew it.
    """
    return _noted(photo, None, generated_note(generator))


def mark_as_translated(photo: Photo, translator: str) -> Photo:
    """The picture with a note in EXIF's ProcessingSoftware, instead of whatever EXIF it had.

    Args:
        photo: made by a model of another kind of picture.
        translator: kind and weights of what made it.
    """
    return _noted(photo, None, f"retrato {__version__}: made of another picture by a model ({translator})")


def mark_as_guessed(photo: Photo, restorer: str, misfits: Sequence[float]) -> Photo:
    """The picture with a note in EXIF's ProcessingSoftware, instead of whatever EXIF it had.

    Args:
        photo: of one or more faces that a model found to match a small picture.
        restorer: kind and weights of what found them.
        misfits: how much each face, downscaled, differs from that picture, in levels of 255.
    """
    differ = ", ".join(f"{each:.1f}" for each in misfits)
    note = f"guessed by a model to match a small picture ({restorer}; downscaled off by {differ} of 255 levels)"
    return _noted(photo, None, f"retrato {__version__}: {note}")


def generated_note(generator: str) -> str:
    """What goes with pictures and films that a model drew, in the words of its mark."""
    return f"retrato {__version__}: drawn by a model, shows no real person ({generator})"


def _noted(photo: Photo, exif: bytes | None, note: str) -> Photo:
    return replace(photo, exif=with_text(exif, Base.ProcessingSoftware, note))
