"""Our own embedders: who a face is, by weights that `retrato train` wrote or that are bundled."""

from pathlib import Path

from retrato.errors import UnusableWeights
from retrato.networks.mobilefacenet import MobileFaceNet, MobileFaceNetConfig
from retrato.weights.bundle import EMBEDDER
from retrato.weights.judges import fold_normalisation
from retrato.weights.load import filled
from retrato.weights.store import StoredWeights, read_weights

NETWORK = "mobilefacenet"
"""What these weights say they are for."""


def load_embedder(name_or_file: str | Path = EMBEDDER.name) -> MobileFaceNet:
    """An embedder for use, frozen; by default the bundled one.

    Raises:
        UnusableWeights: the file is missing or broken, or holds something else.
    """
    return fold_normalisation(read_embedder(name_or_file).eval())


def read_embedder(name_or_file: str | Path) -> MobileFaceNet:
    """The same as it was trained, to be trained further.

    Raises:
        UnusableWeights: the file is missing or broken, or holds something else.
    """
    path = EMBEDDER.path if str(name_or_file) == EMBEDDER.name else Path(name_or_file)
    stored = read_weights(path)
    if stored.network != NETWORK:
        raise UnusableWeights(f"{name_or_file} holds weights for {stored.network or 'nothing known'}, not an embedder")
    return filled(stored, name_or_file, "MobileFaceNet", _described)


def _described(stored: StoredWeights) -> MobileFaceNet:
    lists = {name: tuple(stored.config[name]) for name in ("channels", "blocks")}  # JSON has no tuples
    return MobileFaceNet(MobileFaceNetConfig(**{**stored.config, **lists}))
