"""Where sharp faces begin, and strangers: the figures behind `faces.choice.SHARP_FROM` and `LEAST_LIKENESS`.

    python benchmarks/thresholds.py FACES

FACES are good, square faces of different people. The bundled embedder compares them with
themselves, degraded in three strengths, and with each other.
"""

import argparse
from pathlib import Path

import torch

from retrato.data import find_stored_images
from retrato.degradation import Preset
from retrato.evaluation.trials import degraded_trial, each_case
from retrato.images.tensors import rounded
from retrato.metrics.sharpness import relative_sharpness
from retrato.weights.embedders import load_embedder

SIZE = 256
SHARES = (0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99)
PRESETS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY)


@torch.inference_mode()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    stored = find_stored_images([parser.parse_args().faces])
    embed = load_embedder()
    sharpness: dict[str, torch.Tensor] = {}
    likeness: dict[str, torch.Tensor] = {}
    for preset in PRESETS:
        faces = list(each_case(degraded_trial("faces", stored, preset), SIZE))
        good = torch.stack([each.target for each in faces])
        bad = rounded(torch.stack([each.input for each in faces]))
        people = torch.nn.functional.normalize(embed(good))
        seen = torch.nn.functional.normalize(embed(bad))
        cosines = seen @ people.T
        others = ~torch.eye(len(people), dtype=torch.bool)
        sharpness |= {"good": relative_sharpness(good), f"{preset}": relative_sharpness(bad)}
        likeness |= {f"{preset}: the same person": cosines.diagonal(), f"{preset}: strangers": cosines[others]}
    print_table("relative sharpness", sharpness)
    print_table("likeness", likeness)


def print_table(title: str, rows: dict[str, torch.Tensor]) -> None:
    """How the numbers of each row are spread."""
    print(f"\n| {title} | " + " | ".join(f"{each:.0%} are below" for each in SHARES) + " |")
    print("|---" * (len(SHARES) + 1) + "|")
    for name, values in rows.items():
        print(
            f"| {name} | " + " | ".join(f"{each:.2f}" for each in torch.quantile(values, torch.tensor(SHARES))) + " |"
        )


if __name__ == "__main__":
    main()
