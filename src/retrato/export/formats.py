"""What a restorer can be exported as. Loads nothing heavy: the command line lists it."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """A format, by the name that a person asks for."""

    ONNX = "onnx"
    """Read by ONNX Runtime, OpenVINO, TensorRT, web browsers and many more."""
    TORCH = "torch"
    """A program of `torch.export`: run by torch without retrato."""

    @property
    def suffix(self) -> str:
        """How its files' names end."""
        return {ExportFormat.ONNX: ".onnx", ExportFormat.TORCH: ".pt2"}[self]
