"""How well an embedder of ours agrees with the MobileFaceNet that taught it, and what each costs.

    python benchmarks/embedder.py FACES [--weights FILE] [--size 256] [--json]

FACES are good, square faces of different people that were not learned. They are degraded here in three strengths, and
restored by the bundled GFP-GAN. The teacher is taken from the folder that RETRATO_WEIGHTS names. Times are processor
time of one thread, the best of several.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from retrato.data import FaceImages, find_stored_images
from retrato.degradation import Preset
from retrato.evaluation.trials import degraded_trial, each_case
from retrato.images.tensors import from_levels, rounded
from retrato.metrics.correlation import pearson, spearman
from retrato.metrics.identity import cosines
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.precision import Precision
from retrato.restoration.restorer import GFPGANRestorer
from retrato.shapes import Faces, PerPicture
from retrato.weights.bundle import EMBEDDER
from retrato.weights.embedders import load_embedder
from retrato.weights.judges import load_mobilefacenet
from retrato.weights.store import read_weights

PRESETS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY)
POOLED = "light, paper, heavy together"
STRANGERS_ACCEPTED = 0.02
"""At which share of strangers taken for the person both networks are compared."""
REPEATS = 30
BATCH = 16


@dataclass(frozen=True)
class Agreement:
    """Of the two networks' scores for the same pairs of faces."""

    pairs: int
    pearson: float
    spearman: float
    teacher_mean: float
    embedder_mean: float
    teacher_accepts: float
    """Share of the pairs that score more than all but 2 % of strangers do."""
    embedder_accepts: float


@dataclass(frozen=True)
class Cost:
    """Of one network."""

    parameters: int
    float16_megabytes: float
    milliseconds: float
    """For one face."""


@dataclass(frozen=True)
class Findings:
    """All that is measured."""

    faces: int
    size: int
    agreement: Mapping[str, Agreement]
    """By which pairs."""
    same_picture: Mapping[str, float]
    """Mean cosine between what both networks make of one picture, by how good it is."""
    costs: Mapping[str, Cost]


@torch.inference_mode()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--weights", default=EMBEDDER.name, help="a file of retrato train; by default the bundled one")
    parser.add_argument("--size", type=int, default=256, help="width and height of the faces")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    torch.set_num_threads(1)
    teacher, embedder = load_mobilefacenet(), load_embedder(options.weights)
    shown = pictures(options.faces, options.size)
    embedded = {name: (embed(teacher, faces), embed(embedder, faces)) for name, faces in shown.items()}
    findings = Findings(
        faces=len(shown["good"]),
        size=options.size,
        agreement=agreements(embedded),
        same_picture={name: float(cosines(*both).mean()) for name, both in embedded.items()},
        costs=costs(teacher, embedder, options.weights, shown["good"][:1]),
    )
    print(json.dumps(asdict(findings), indent=2) if options.json else tables(findings))


def pictures(folder: Path, size: int) -> dict[str, Faces]:
    """Good faces, the same degraded, and these restored."""
    stored = find_stored_images([folder])
    restore = GFPGANRestorer.from_weights("bundled", "cpu", Precision.FP32)
    images = FaceImages(stored, size)
    found = {"good": torch.stack([from_levels(images[index]) for index in range(len(images))])}
    for preset in PRESETS:
        cases = list(each_case(degraded_trial("faces", stored, preset), size))
        bad = torch.stack([each.input for each in cases])
        restored = torch.cat([restore(resized(part, restore.size)) for part in bad.split(BATCH)])
        found |= {f"{preset}": bad, f"{preset}, restored": rounded(resized(restored, size))}
    return found


def resized(faces: Faces, size: int) -> Faces:
    """Brought to another width and height, if they have another."""
    if faces.shape[-1] == size:
        return faces
    return torch.nn.functional.interpolate(faces, (size, size), mode="bilinear", antialias=True, align_corners=False)


def embed(network: MobileFaceNet, faces: Faces) -> torch.Tensor:
    """In batches."""
    return torch.cat([network(part) for part in faces.split(BATCH)])


def agreements(embedded: Mapping[str, tuple[torch.Tensor, torch.Tensor]]) -> dict[str, Agreement]:
    """Of the same person's scores, and of strangers'."""
    good = embedded["good"]
    others = torch.triu_indices(len(good[0]), len(good[0]), 1)
    strangers = tuple(cosines(each[others[0]], each[others[1]]) for each in good)
    thresholds = [float(torch.quantile(each, 1 - STRANGERS_ACCEPTED)) for each in strangers]
    same = {
        name: tuple(cosines(each, one) for each, one in zip(both, good, strict=True))
        for name, both in embedded.items()
        if name != "good"
    }
    restored = [f"{preset}, restored" for preset in PRESETS]
    pooled = {POOLED: [f"{preset}" for preset in PRESETS], "restored, all together": restored}
    together = {
        name: tuple(torch.cat(each) for each in zip(*map(same.get, of), strict=True)) for name, of in pooled.items()
    }
    return {name: agreement(pair, thresholds) for name, pair in {**together, **same, "strangers": strangers}.items()}


def agreement(scores: tuple[PerPicture, ...], thresholds: list[float]) -> Agreement:
    """Of the teacher's and the embedder's scores, each judged by its own threshold."""
    teacher, embedder = scores
    accepted = [float((each > least).float().mean()) for each, least in zip(scores, thresholds, strict=True)]
    means = (float(teacher.mean()), float(embedder.mean()))
    return Agreement(len(teacher), pearson(embedder, teacher), spearman(embedder, teacher), *means, *accepted)


def costs(teacher: MobileFaceNet, embedder: MobileFaceNet, weights: str, face: Faces) -> dict[str, Cost]:
    """Of both, as they stand in files of float16, and in one thread, in turns."""
    path = EMBEDDER.path if weights == EMBEDDER.name else Path(weights)
    tensors = {"teacher": MobileFaceNet().state_dict(), "embedder": read_weights(path).tensors}
    networks = {"teacher": teacher, "embedder": embedder}
    times: dict[str, float] = dict.fromkeys(networks, float("inf"))
    for _ in range(REPEATS):
        for name, network in networks.items():
            started = time.process_time()
            network(face)
            times[name] = min(times[name], time.process_time() - started)
    counts = {name: sum(each.numel() for each in of.values()) for name, of in tensors.items()}
    return {name: Cost(counts[name], 2 * counts[name] / 1e6, 1000 * times[name]) for name in networks}


def tables(findings: Findings) -> str:
    """In Markdown."""
    lines = [
        f"{findings.faces} faces of {findings.size} px; a pair is accepted that scores more than "
        f"{1 - STRANGERS_ACCEPTED:.0%} of strangers do",
        "",
        "| good faces and | pairs | Pearson | Spearman | mean: teacher | embedder | accepted: teacher | embedder |",
        "|---" * 8 + "|",
    ]
    for name, each in findings.agreement.items():
        numbers = (each.pearson, each.spearman, each.teacher_mean, each.embedder_mean)
        accepted = (each.teacher_accepts, each.embedder_accepts)
        cells = [name, f"{each.pairs:,}", *(f"{one:.3f}" for one in numbers), *(f"{one:.1%}" for one in accepted)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| what both make of one picture | mean cosine |", "|---|---|"]
    lines += [f"| {name} | {cosine:.3f} |" for name, cosine in findings.same_picture.items()]
    lines += ["", "| network | numbers in it | MB as float16 | ms a face |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {each.parameters:,} | {each.float16_megabytes:.2f} | {each.milliseconds:.1f} |"
        for name, each in findings.costs.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
