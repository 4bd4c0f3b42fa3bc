"""Makes the bundled weights of a run's: float16, which halves the file.

    python tools/bundle_weights.py runs/NAME/weights.safetensors

What the file is for decides what it becomes: the restorer, the prior or the embedder. Measure before and after, the
restorer with `retrato evaluate restoration`, the prior with `retrato evaluate generation` and the embedder with
`benchmarks/embedder.py`, and write the model card.
"""

import sys
from pathlib import Path

import torch

from retrato.weights.bundle import EMBEDDER, PRIOR, RESTORER, BundledFile
from retrato.weights.embedders import NETWORK
from retrato.weights.store import read_weights, write_weights

TARGETS: dict[str, BundledFile] = {"gfpgan": RESTORER, "stylegan2": PRIOR, NETWORK: EMBEDDER}
"""By the network that weights are for."""


def main(source: Path) -> None:
    """Write the bundled file and say what is in it."""
    weights = read_weights(source)
    if weights.network not in TARGETS:
        sys.exit(f"{source} is for {weights.network}: only weights for {' and '.join(TARGETS)} are bundled")
    target = TARGETS[weights.network].path
    write_weights(target, weights, torch.float16)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, {dict(weights.story)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
