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

    @property
    def dtype(self) -> torch.dtype:
        """Of features and of the weights of convolutions."""
        return torch.bfloat16 if self is Precision.BF16 else torch.float32


def fastest_precision(device: torch.device) -> Precision:
    """bf16 where the machine multiplies in it, float32 where it would only imitate that."""
    match device.type:
        case "cuda":
            has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        case "cpu":
            capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
            has_bf16 = any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "sve_bf16"))
        case _:
            has_bf16 = False
    return Precision.BF16 if has_bf16 else Precision.FP32
