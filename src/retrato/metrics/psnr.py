"""Peak signal-to-noise ratio."""

from retrato.shapes import PerPicture, Pictures


def psnr(pictures: Pictures, targets: Pictures) -> PerPicture:
    """Peak signal-to-noise ratio of each picture over RGB, in decibels; higher is closer, equal is infinite."""
    mean_square = (pictures - targets).square().mean((1, 2, 3)) / 4  # [-1, 1] is two wide
    return -10 * mean_square.log10()
