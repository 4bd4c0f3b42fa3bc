"""Exported restorers run by ONNX Runtime."""

from pathlib import Path

import torch

from retrato.errors import MissingPackage, UnusableWeights
from retrato.export.label import INPUT, OUTPUT, ExportLabel
from retrato.shapes import Faces

ERRORS_ONLY = 3
"""ONNX Runtime's level of messages."""


class OnnxRestorer:
    """An ONNX file of ours as a `FaceRestorer`, in float32 on the CPU, on as many threads as torch has."""

    def __init__(self, path: str | Path) -> None:
        """Load the file.

        Raises:
            MissingPackage: onnxruntime is not installed.
            UnusableWeights: the file is missing, broken or not exported by retrato.
        """
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as failures
        except ModuleNotFoundError:
            raise MissingPackage("onnxruntime", "onnx") from None
        if not Path(path).is_file():
            raise UnusableWeights(f"no file {path}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = ERRORS_ONLY
        # It has no error class that these share.
        unreadable = (failures.InvalidProtobuf, failures.InvalidGraph, failures.InvalidArgument, failures.Fail)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (*unreadable, failures.NotImplemented) as error:
            raise UnusableWeights(f"{path} is not an ONNX file that can be run: {error}") from error
        self._label = ExportLabel.from_metadata(self._session.get_modelmeta().custom_metadata_map, str(path))

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes."""
        return self._label.image_size

    @property
    def name(self) -> str:
        """Kind, weights and engine."""
        return f"{self._label.restorer}, run by ONNX Runtime"

    def __call__(self, faces: Faces) -> Faces:
        """Restore faces; the result is on the CPU."""
        (restored,) = self._session.run([OUTPUT], {INPUT: faces.float().contiguous().numpy(force=True)})
        return torch.from_numpy(restored)
