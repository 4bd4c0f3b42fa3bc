"""Pictures in files, as arrays, and as tensors."""
