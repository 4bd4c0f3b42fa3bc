"""What is measured: functions of batches, one number for each picture or set.

`table.METRICS` lists all of them with what they say and need, `measuring` makes them ready.
"""

from retrato.metrics.psnr import psnr, psnr_luma
from retrato.metrics.ssim import ms_ssim, ssim, ssim_luma

__all__ = ["ms_ssim", "psnr", "psnr_luma", "ssim", "ssim_luma"]
