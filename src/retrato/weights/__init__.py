"""Weights: where they are, how they are fetched, read and named."""
