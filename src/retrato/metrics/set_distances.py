"""How far one set of pictures is from another, as a whole."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from retrato.errors import UnmeasurablePictures
from retrato.metrics.features import Features, FeatureSet, FeatureStatistics, require_same_features

SUBSET_SIZE = 1000
SUBSETS = 100
"""As published for KID (Bińkowski et al., 2018)."""
NEIGHBOUR = 3
"""Which neighbour a picture's surroundings reach to (Kynkäänniemi et al., 2019, section 3)."""
ROWS_AT_ONCE = 1024
"""Bounds the memory of distances between pictures."""


def frechet_distance(found: FeatureStatistics, reference: FeatureStatistics) -> float:
    """Fréchet distance between Gaussians of the features' means and covariances (Heusel et al., 2017); lower is closer.

    The fewer pictures, the larger it is: sets of different size are not to be compared with one reference, and fewer
    pictures than features give a covariance that knows nothing of most directions.

    Raises:
        UnmeasurablePictures: the features are of two kinds, or a set has fewer than two pictures.
    """
    require_same_features(found, reference)
    for each in (found, reference):
        if not each.covariance.isfinite().all():
            raise UnmeasurablePictures(f"{each.set_name} has fewer than two pictures: a set's spread needs more")
    between = (found.mean - reference.mean).square().sum()
    traces = found.covariance.trace() + reference.covariance.trace()
    return float(between + traces - 2 * _trace_of_root(found.covariance, reference.covariance))


def _trace_of_root(one: Float64[Tensor, "f f"], other: Float64[Tensor, "f f"]) -> Float64[Tensor, ""]:
    """Of the root of the product: its eigenvalues are those of a symmetric matrix, whose roots are real."""
    values, vectors = torch.linalg.eigh(one)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return torch.linalg.eigvalsh(root @ other @ root).clamp_min(0).sqrt().sum()


@dataclass(frozen=True)
class KernelDistance:
    """KID, and how much it differs between subsets."""

    mean: float
    deviation: float
    """Over the subsets; 0 of a single one."""


def kernel_distance(
    found: FeatureSet, reference: FeatureSet, *, subset_size: int = SUBSET_SIZE, subsets: int = SUBSETS, seed: int = 0
) -> KernelDistance:
    """Kernel Inception Distance (Bińkowski et al., 2018), unbiased, so that sets may be small; lower is closer.

    The squared maximum mean discrepancy under the kernel (x·y / features + 1)³, averaged over subsets. Near 0 it may be
    negative. Sets that are no larger than a subset are taken whole, once.

    Raises:
        UnmeasurablePictures: the features are of two kinds, or a set has fewer than two pictures.
    """
    require_same_features(found, reference)
    sizes = [min(subset_size, each.picture_count) for each in (found, reference)]
    if min(sizes) < 2:
        raise UnmeasurablePictures("a kernel distance needs two pictures or more in each set")
    rng = torch.Generator().manual_seed(seed)
    is_whole = sizes == [found.picture_count, reference.picture_count]
    distances = []
    for _ in range(1 if is_whole else subsets):
        parts = [
            each.features[torch.randperm(each.picture_count, generator=rng)[:size]]
            for each, size in zip((found, reference), sizes, strict=True)
        ]
        distances.append(_discrepancy(*parts))
    values = torch.tensor(distances, dtype=torch.float64)
    return KernelDistance(float(values.mean()), float(values.std(correction=0)))


def _discrepancy(one: Features, other: Features) -> float:
    """The unbiased estimate: no picture is compared with itself."""

    def within(features: Features) -> Tensor:
        kernel, count = _kernel(features, features), len(features)
        return (kernel.sum() - kernel.trace()) / (count * (count - 1))

    return float(within(one) + within(other) - 2 * _kernel(one, other).mean())


def _kernel(one: Features, other: Features) -> Float64[Tensor, "_ _"]:
    return (one.double() @ other.double().T / one.shape[1] + 1) ** 3


def precision(found: FeatureSet, reference: FeatureSet) -> float:
    """Which part of the found pictures looks like some of the reference (Kynkäänniemi et al., 2019, eq. 1).

    Raises:
        UnmeasurablePictures: the features are of two kinds, or the reference has no more than three pictures.
    """
    require_same_features(found, reference)
    return _covered(found.features, reference)


def recall(found: FeatureSet, reference: FeatureSet) -> float:
    """Which part of the reference is covered by what was found (the same with both sets exchanged).

    Raises:
        UnmeasurablePictures: the features are of two kinds, or there are no more than three found pictures.
    """
    require_same_features(found, reference)
    return _covered(reference.features, found)


def _covered(features: Features, manifold: FeatureSet) -> float:
    """Which part lies no farther from some picture of the set than this one's third neighbour in the set."""
    if manifold.picture_count <= NEIGHBOUR:
        raise UnmeasurablePictures(f"{manifold.set_name} has {manifold.picture_count} pictures; 4 or more are needed")
    own = manifold.features
    radii = torch.cat([_distances(rows, own).kthvalue(NEIGHBOUR + 1).values for rows in own.split(ROWS_AT_ONCE)])
    inside = [(_distances(rows, own) <= radii).any(1) for rows in features.split(ROWS_AT_ONCE)]
    return float(torch.cat(inside).double().mean())


def _distances(one: Features, other: Features) -> Tensor:
    """Every picture to every other; itself is exactly 0 away."""
    return torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist")
