"""From photos to restored photos."""
