"""How strongly a discriminator's pictures are changed: as much as it takes to keep it from knowing the faces by heart.

Karras et al., 2020, Training generative adversarial networks with limited data, section 3.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from retrato.training.augmentation import ADAPT_EVERY, adapted
from retrato.training.division import Division


@dataclass(frozen=True)
class AugmentationConfig:
    """How strongly the discriminator's pictures are changed."""

    target: float = 0.6
    """The mean sign of the discriminator's logits for real pictures that is held."""
    ramp_pictures: int = 500_000
    """After how many pictures the probability can have gone from 0 to 1."""


class AdaptiveAugmentation:
    """The probability of changes, and what it hangs on."""

    def __init__(self, config: AugmentationConfig | None, device: torch.device, division: Division) -> None:
        """Begin without changes.

        Args:
            config: none where nothing is ever changed.
            device: where logits are computed.
            division: of batches.
        """
        self.config = config
        self.division = division
        self.probability = 0.0
        self._sign_sum, self._sign_count = torch.zeros((), device=device), 0

    def follow(self, real_logits: Tensor) -> None:
        """Note how sure a discriminator is of real faces."""
        self._sign_sum = self._sign_sum + real_logits.detach().sign().mean()
        self._sign_count += 1

    def numbers(self) -> dict[str, Tensor]:
        """The probability; and how sure the discriminator was since the last adaptation: 1 is always, 0 by chance."""
        return {"augmentation": torch.tensor(self.probability), "real_sign": self._real_sign}

    @property
    def _real_sign(self) -> Tensor:
        return self._sign_sum / max(1, self._sign_count)

    def adapt(self, iteration: int, count: int) -> None:
        """Every few iterations more changes where the discriminator knows the real faces too well, else fewer.

        Args:
            iteration: from 0.
            count: of pictures in each, in all processes.
        """
        if (iteration + 1) % ADAPT_EVERY:
            return
        sign = self._real_sign
        self.division.average([sign])
        self._sign_sum, self._sign_count = torch.zeros_like(sign), 0
        if self.config:
            pictures = ADAPT_EVERY * count
            self.probability = adapted(
                self.probability, sign.item(), pictures, self.config.target, self.config.ramp_pictures
            )

    def state(self) -> dict[str, Any]:
        """All that resuming takes."""
        return {"probability": self.probability, "sign_sum": self._sign_sum, "sign_count": self._sign_count}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.probability = float(state["probability"])
        self._sign_sum, self._sign_count = state["sign_sum"].to(self._sign_sum), int(state["sign_count"])
