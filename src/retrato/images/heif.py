"""HEIC and HEIF, the pictures of telephones, through the package pillow-heif where it is installed."""

from functools import cache


@cache
def can_read_heif() -> bool:
    """Whether Pillow can read and write HEIF now."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener(thumbnails=False)
    return True
