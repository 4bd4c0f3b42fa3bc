"""Retrato restores faces in old, blurred, noisy and compressed photographs with GFP-GAN."""

__version__ = "0.1.0"
