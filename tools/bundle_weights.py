"""Makes the bundled weights of a run's: float16, which halves the file.

    python tools/bundle_weights.py runs/NAME/weights.safetensors

Measure with `retrato evaluate restoration` before and after, and write the model card.
"""

import sys
from pathlib import Path

import torch

from retrato.weights.catalog import BUNDLED_FILES
from retrato.weights.store import read_weights, write_weights


def main(source: Path) -> None:
    """Write the bundled file and say what is in it."""
    weights = read_weights(source)
    target = BUNDLED_FILES[0].path
    write_weights(target, weights, torch.float16)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {dict(weights.story)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
