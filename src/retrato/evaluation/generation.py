"""How good a generator of faces is: its pictures as a set, and how evenly they change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.evaluation.equipment import equip
from retrato.evaluation.sets import compare_with
from retrato.evaluation.sources import FaceSource, StyleGAN2Source, gather_features
from retrato.generation import draw_styles
from retrato.metrics.features import FeatureKind
from retrato.metrics.measuring import CPU, SetComparison, available
from retrato.metrics.metric import AnyMetric, GeneratorMetric, MomentsMetric, SetMetric
from retrato.metrics.table import METRICS
from retrato.networks.stylegan2 import StyleGAN2Generator
from retrato.shapes import Pictures

STEPS_AT_ONCE = 4
"""Of path lengths, for each of which two pictures are drawn and compared."""


@dataclass(frozen=True)
class Extent:
    """How much is drawn for measuring."""

    count: int
    """Faces; a folder may have fewer."""
    seed: int = 0
    steps: int = 0
    """Of the path length, where the source is a prior; 0 is none."""


@dataclass(frozen=True)
class PathLength:
    """How evenly a prior changes its pictures."""

    metric: str
    value: float
    steps: int
    """How many were measured."""


@dataclass(frozen=True)
class GenerationResult:
    """What was found of a generator."""

    source: str
    count: int
    """How many faces were drawn."""
    seed: int
    size: int
    """Of the faces in pixels."""
    sets: tuple[SetComparison, ...]
    path_length: PathLength | None
    missing: Mapping[str, str]
    """Name of a metric that was asked for and not measured, and why."""


def generator_metrics(source: FaceSource, extent: Extent) -> tuple[AnyMetric, ...]:
    """Distances of sets, and path lengths of a prior.

    On 768 features only where these are here and the published 2048 are not.
    """
    has_path = isinstance(source, StyleGAN2Source) and extent.steps > 0
    ready = {each.features for each in available(METRICS).ready if isinstance(each, MomentsMetric | SetMetric)}
    published = FeatureKind.INCEPTION_2048 in ready or not ready
    kind = FeatureKind.INCEPTION_2048 if published else FeatureKind.INCEPTION_768
    return tuple(
        each
        for each in METRICS
        if (isinstance(each, GeneratorMetric) and has_path)
        or (isinstance(each, MomentsMetric | SetMetric) and each.features is kind)
    )


def evaluate_generation(
    source: FaceSource,
    metrics: Sequence[AnyMetric],
    reference: str,
    extent: Extent,
    device: torch.device = CPU,
) -> GenerationResult:
    """Draw faces and measure them as a set.

    Args:
        source: what draws.
        metrics: of sets and of generators; nothing is fetched for them.
        reference: see `references.read_reference`.
        extent: how much is drawn.
        device: where networks compute.

    Raises:
        RetratoError: the reference cannot be read.
    """
    equipment = equip(metrics, reference, source.size, device)
    features = gather_features(source.draw(extent.count, extent.seed), source.name, equipment.sets)
    sets, unmeasured = compare_with(equipment.sets, features, equipment.sets.references)
    missing = {**equipment.missing, **unmeasured}
    length = None
    if isinstance(source, StyleGAN2Source) and extent.steps:
        rows = [each for each in metrics if isinstance(each, GeneratorMetric) and each.name not in missing]
        length = next((_path_length(source, each, extent) for each in rows), None)
    drawn = sets[0].picture_count if sets else None
    count = extent.count if drawn is None else drawn
    return GenerationResult(source.name, count, extent.seed, source.size, tuple(sets), length, missing)


def _path_length(source: StyleGAN2Source, row: GeneratorMetric, extent: Extent) -> PathLength:
    distances = torch.tensor(list(path_distances_of(source, row, extent.steps, extent.seed)))
    return PathLength(row.name, row.summarise(distances), len(distances))


@torch.no_grad()
def path_distances_of(source: StyleGAN2Source, measure: GeneratorMetric, steps: int, seed: int) -> Iterator[float]:
    """Distances of so many steps, each begun at a style, in W without truncation, as StyleGAN2's authors measure.

    Args:
        source: the prior.
        measure: the row of the table, whose summary makes one number of them.
        steps: how many; published numbers take 50,000.
        seed: of the styles.
    """
    generator = source.generator
    device = generator.constant.device
    distances = measure.load(device)
    rng = torch.Generator().manual_seed(seed)
    for start in range(0, steps, STEPS_AT_ONCE):
        count = min(STEPS_AT_ONCE, steps - start)
        starts, ends = (draw_styles(generator, count, rng) for _ in range(2))
        yield from distances(partial(_drawn, generator), starts, ends, torch.zeros(count)).tolist()


def _drawn(generator: StyleGAN2Generator, styles: Float[Tensor, "n layers style"]) -> Pictures:
    return generator(styles).clamp(-1, 1)
