"""What is measured: functions of batches, one number for each picture."""

from retrato.metrics.psnr import psnr

__all__ = ["psnr"]
