"""Restorers as files that other programs run: ONNX, and torch's own exported programs."""
