"""How many pairs a second each metric measures, as far as its files are on this machine.

    python benchmarks/metrics.py [--size 256] [--batch 16] [--batches 4]

Processor seconds of one thread are counted, so that what else runs on the machine counts little; the best of several
batches counts. Nothing is fetched: set RETRATO_WEIGHTS to a folder with the
files that metrics need.
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from skimage.data import astronaut

from retrato.images.tensors import rounded, to_pictures
from retrato.metrics.features import FeatureKind, FeatureSet, load_extractor
from retrato.metrics.measuring import available, compare_sets, load_measures
from retrato.metrics.metric import MomentsMetric, PairMetric, PictureMetric, SetMetric
from retrato.metrics.table import METRICS
from retrato.shapes import Pictures

PICTURES = 1000
"""Whose distances of sets are timed."""


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256, help="width and height of the pictures")
    parser.add_argument("--batch", type=int, default=16, help="pictures measured at once")
    parser.add_argument("--batches", type=int, default=4, help="of which the fastest counts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    targets = faces(options.size, options.batch)
    noise = 0.1 * torch.randn(targets.shape, generator=torch.Generator().manual_seed(0))
    pictures = rounded(targets + noise)
    print(f"one thread, torch {torch.__version__}, {options.size} px, batches of {options.batch}\n")
    print(f"| metric | pictures/s | {PICTURES} pictures |\n|---|---|---|")
    ready = available(METRICS)
    rates = single_rates(pictures, targets, options.batches) | feature_rates(pictures, options.batches)
    for name, rate in rates.items():
        print(f"| {name} | {rate:.1f} | {PICTURES / rate:.0f} s |")
    print(f"\n| distance of {PICTURES} pictures to as many | time |\n|---|---|")
    for each in ready.ready:
        if isinstance(each, MomentsMetric | SetMetric):
            print(f"| {each.name} | {distance_seconds(each):.1f} s |", flush=True)
    print("\nnot here: " + ", ".join(ready.missing))


def faces(size: int, count: int) -> Pictures:
    """A portrait, moved a little in each picture."""
    portrait = to_pictures([astronaut()[:256, 96:352]])
    large = F.interpolate(portrait, (size + count, size + count), mode="bicubic").clamp(-1, 1)
    return torch.cat([large[..., shift : shift + size, shift : shift + size] for shift in range(count)])


def single_rates(pictures: Pictures, targets: Pictures, batches: int) -> dict[str, float]:
    """Pictures a second of the metrics of pictures and pairs; a pair counts once."""
    ready = [each for each in available().ready if isinstance(each, PairMetric | PictureMetric)]
    measures = load_measures(ready)
    rates = {}
    for name, pair in measures.pairs.items():
        rates[name] = len(pictures) / seconds_of(lambda pair=pair: pair(pictures, targets), batches)
    for name, single in measures.pictures.items():
        rates[name] = len(pictures) / seconds_of(lambda single=single: single(pictures), batches)
    return rates


def feature_rates(pictures: Pictures, batches: int) -> dict[str, float]:
    """Pictures a second of the features that distances of sets are made of."""
    kinds = {each.features for each in available().ready if isinstance(each, MomentsMetric | SetMetric)}
    rates = {}
    for kind in sorted(kinds):
        extract = load_extractor(kind, torch.device("cpu"))
        rates[f"features {kind}"] = len(pictures) / seconds_of(lambda extract=extract: extract(pictures), batches)
    return rates


def distance_seconds(metric: MomentsMetric | SetMetric) -> float:
    """Of features by chance."""
    rng = torch.Generator().manual_seed(0)
    sets = [a_set(metric.features, name, rng) for name in ("one", "other")]
    return seconds_of(lambda: compare_sets(metric, *sets), 1)


def a_set(kind: FeatureKind, name: str, rng: torch.Generator) -> FeatureSet:
    return FeatureSet(kind, name, torch.rand(PICTURES, kind.feature_count, generator=rng))


def seconds_of(work: Callable[[], object], repeats: int) -> float:
    """The shortest of several, after a first one that allocates; processor time."""
    work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main()
