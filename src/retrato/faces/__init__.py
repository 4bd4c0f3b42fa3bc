"""Faces: found, cut out upright, and put back."""
