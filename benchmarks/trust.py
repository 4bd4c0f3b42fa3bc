"""How far trust can be trusted: what is behind `restoration.trust.LEAST_TRUST`.

    python benchmarks/trust.py FACES

FACES are good, square faces. They are degraded, or shrunk and enlarged again, and restored by the
bundled restorer. Trust asks the bundled embedder and does not see the truth; how alike the
restored face is to the truth is judged by another network, MobileFaceNet.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from retrato.data import StoredImage, find_stored_images
from retrato.degradation import Preset
from retrato.evaluation.trials import degraded_trial, each_case
from retrato.images.tensors import rounded, to_images
from retrato.metrics.correlation import spearman
from retrato.metrics.measuring import load_measures
from retrato.metrics.table import metric
from retrato.restoration.restorer import GFPGANRestorer
from retrato.restoration.trust import LEAST_TRUST, trusts
from retrato.shapes import Faces, PerPicture
from retrato.weights.embedders import load_embedder

PRESETS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY, Preset.OLD_PHOTO)
SIZES = (10, 16, 24, 32, 48)
"""Pixels across a crop to which faces are shrunk."""
STEPS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
LIKE = 0.6
"""Cosine to the truth, below which a face is called unlike it."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    stored = find_stored_images([parser.parse_args().faces])
    restore, embed = GFPGANRestorer.from_weights(), load_embedder()
    identity = load_measures([metric("identity-mobilefacenet")])
    found: list[tuple[str, PerPicture, PerPicture]] = []
    for name, crops, truth in degraded_ways(stored, restore.size):
        restored = rounded(restore(crops))
        trust = torch.tensor(trusts(embed, to_images(crops), to_images(restored)))
        found.append((name, trust, identity.of_pairs(restored, truth)["identity-mobilefacenet"]))
    print_by_trust(torch.cat([each[1] for each in found]), torch.cat([each[2] for each in found]))
    print_by_way(found)


def degraded_ways(stored: Sequence[StoredImage], size: int) -> Iterator[tuple[str, Faces, Faces]]:
    """Name, degraded faces, and good ones, of each way to degrade them."""
    truths: dict[Preset, Faces] = {}
    for preset in PRESETS:
        cases = list(each_case(degraded_trial("faces", stored, preset), size))
        truths[preset] = torch.stack([each.target for each in cases])
        yield preset, rounded(torch.stack([each.input for each in cases])), truths[preset]
    truth = truths[Preset.PAPER]
    for small in SIZES:
        shrunk = F.interpolate(truth, size=(small, small), mode="area")
        yield f"{small} px", rounded(F.interpolate(shrunk, size=(size, size), mode="bicubic").clamp(-1, 1)), truth


def print_by_trust(trust: PerPicture, truth: PerPicture) -> None:
    """How alike to the truth faces of each trust are."""
    print(
        f"| trust | faces | likeness to the truth | a tenth has less than | less than {LIKE} |\n|---|---|---|---|---|"
    )
    for low, high in itertools.pairwise(STEPS):
        print_row(f"{low:.1f} to {min(high, 1):.1f}", truth[(trust >= low) & (trust < high)])
    print_row(f"below {LEAST_TRUST}", truth[trust < LEAST_TRUST])
    print_row(f"from {LEAST_TRUST} on", truth[trust >= LEAST_TRUST])
    print(f"\nRank correlation: {spearman(trust, truth):.2f}\n")


def print_row(name: str, truth: PerPicture) -> None:
    """One row of the table."""
    if len(truth):
        tenth, unlike = torch.quantile(truth, 0.1), (truth < LIKE).float().mean()
        print(f"| {name} | {len(truth)} | {truth.mean():.2f} | {tenth:.2f} | {unlike:.0%} |")


def print_by_way(found: Sequence[tuple[str, PerPicture, PerPicture]]) -> None:
    """How many faces are called largely guessed, and how alike they are, of each way to degrade them."""
    print("| degraded | trust | likeness to the truth | largely guessed |\n|---|---|---|---|")
    for name, trust, truth in found:
        print(f"| {name} | {trust.mean():.2f} | {truth.mean():.2f} | {(trust < LEAST_TRUST).float().mean():.0%} |")


if __name__ == "__main__":
    main()
