"""The engines' names. Loads nothing heavy: the command line lists them."""

from enum import StrEnum


class EngineName(StrEnum):
    """What a person may ask for."""

    AUTO = "auto"
    """The fastest that is installed, by the measured table."""
    TORCH = "torch"
    ONNX = "onnx"
    """ONNX Runtime."""
    OPENVINO = "openvino"
