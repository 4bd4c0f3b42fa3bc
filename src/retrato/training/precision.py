"""What networks are computed in."""

from enum import StrEnum

import torch


class Precision(StrEnum):
    """Pictures, losses, the optimiser and the averaged weights are always float32."""

    BF16 = "bf16"
    FP32 = "fp32"

    def on(self, device: torch.device) -> torch.autocast:
        """While this is entered, networks compute so."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self is Precision.BF16)
