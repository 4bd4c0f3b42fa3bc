"""Networks: tensors in, tensors out; no files, no devices, no downloads."""
