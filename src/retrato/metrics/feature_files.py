"""Statistics of features in files: ours, and those that others publish."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from retrato.errors import UnusableWeights
from retrato.metrics.features import FeatureKind, FeatureStatistics
from retrato.weights.download import find_weights
from retrato.weights.files import read_torch_arrays
from retrato.whole_files import written_whole

FORMAT = "retrato-statistics"
FFHQ_512 = "FFHQ at 512 px (published, 50,000 faces)"


def write_statistics(path: Path, statistics: FeatureStatistics) -> None:
    """Write the file, a safetensors one, whole or not at all."""
    header = {"format": FORMAT, "features": statistics.kind, "set": statistics.set_name}
    if statistics.picture_count is not None:
        header["pictures"] = str(statistics.picture_count)
    with written_whole(path) as temporary:
        temporary.write_bytes(save({"mean": statistics.mean, "covariance": statistics.covariance}, header))


def read_statistics(path: Path) -> FeatureStatistics:
    """Read a file that `write_statistics` wrote.

    Raises:
        UnusableWeights: it is missing, broken, or another kind of file.
    """
    try:
        with safe_open(path, "pt") as file:
            header: dict[str, str] = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise UnusableWeights(f"{path} holds no statistics of retrato's; are they published ones?")
            mean, covariance = file.get_tensor("mean"), file.get_tensor("covariance")
        count = int(header["pictures"]) if "pictures" in header else None
        kind, set_name = FeatureKind(header["features"]), header["set"]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UnusableWeights(f"{path} is not a whole file of statistics: {error}") from error
    return _checked(path, FeatureStatistics(kind, set_name, count, mean, covariance))


def read_published_statistics(path: Path, kind: FeatureKind, set_name: str) -> FeatureStatistics:
    """Statistics as BasicSR (.pth: mean, cov) or pytorch-fid (.npz: mu, sigma) write them.

    Args:
        path: the file, which says neither of its features nor reliably of its pictures.
        kind: which features these are, by whoever publishes it.
        set_name: which pictures, for the reports.

    Raises:
        UnusableWeights: the file is missing, broken, or holds something else.
    """
    try:
        arrays = _read_arrays(path)
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise UnusableWeights(f"{path} is not a readable file of statistics: {error}") from error
    mean, covariance = (arrays.get(new, arrays.get(old)) for new, old in (("mean", "mu"), ("cov", "sigma")))
    if mean is None or covariance is None:
        raise UnusableWeights(f"{path} holds no mean and covariance, only {', '.join(sorted(arrays)) or 'nothing'}")
    return _checked(path, FeatureStatistics(kind, set_name, None, _as_double(mean), _as_double(covariance)))


def load_ffhq_512() -> FeatureStatistics:
    """What GFP-GAN's and VQFR's papers compare restored faces of 512 px with.

    Raises:
        UnavailableWeights: the file is not here and cannot be fetched.
        UnusableWeights: it is broken.
    """
    path = find_weights("ffhq-512-statistics")
    return read_published_statistics(path, FeatureKind.INCEPTION_2048, FFHQ_512)


def _read_arrays(path: Path) -> Mapping[str, np.ndarray]:
    if path.suffix != ".npz":
        return read_torch_arrays(path)
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def _as_double(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float64))


def _checked(path: Path, statistics: FeatureStatistics) -> FeatureStatistics:
    count = statistics.kind.feature_count
    if statistics.mean.shape != (count,) or statistics.covariance.shape != (count, count):
        raise UnusableWeights(f"{path} does not hold statistics of {count} features ({statistics.kind})")
    if not (statistics.mean.isfinite().all() and statistics.covariance.isfinite().all()):
        raise UnusableWeights(f"{path} holds values that are not numbers")
    return statistics
