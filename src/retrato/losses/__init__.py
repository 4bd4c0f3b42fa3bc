"""Training losses: functions of tensors, unweighted; the task weighs and sums them."""

from retrato.losses.identity import identity_loss
from retrato.losses.reconstruction import pixel_loss, pyramid_loss

__all__ = ["identity_loss", "pixel_loss", "pyramid_loss"]
