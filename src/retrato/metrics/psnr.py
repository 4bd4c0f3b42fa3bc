"""Peak signal-to-noise ratio."""

from retrato.metrics.luma import luma
from retrato.shapes import PerPicture, Pictures


def psnr(pictures: Pictures, targets: Pictures) -> PerPicture:
    """Peak signal-to-noise ratio of each picture over RGB, in decibels; higher is closer, equal is infinite."""
    mean_square = (pictures - targets).square().mean((1, 2, 3)) / 4  # [-1, 1] is two wide
    return -10 * mean_square.log10()


def psnr_luma(pictures: Pictures, targets: Pictures) -> PerPicture:
    """The same over brightness alone: differences of colour do not count. 1.3 dB above RGB where errors are grey.

    The peak is 255, as papers have it, although the brightness goes from 16 to 235.
    """
    mean_square = (luma(pictures) - luma(targets)).square().mean((1, 2, 3)) / 255**2
    return -10 * mean_square.log10()
