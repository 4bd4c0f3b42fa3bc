"""All that decides what a restorer makes of a photo, in one value that can be sent to other processes and compared."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from retrato import __version__
from retrato.device import DeviceName
from retrato.faces.strength import Strength
from retrato.precision import Precision
from retrato.restoration.engines.names import EngineName
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.photo_file import Restore
from retrato.restoration.pipeline import Pipeline, RetratoPipeline
from retrato.restoration.upscaler import LANCZOS, Watch, load_background
from retrato.weights.copies import sha256 as sha256_of
from retrato.weights.load import locate_weights


@dataclass(frozen=True)
class RestoreSettings:
    """What `PhotoRestorer.from_weights` takes; see there."""

    weights: str = "bundled"
    upscale: int = 1
    only_largest: bool = False
    background: str = LANCZOS
    device: DeviceName = DeviceName.AUTO
    precision: Precision | None = None
    noise_seed: int | None = None
    engine: EngineName | None = None
    pipeline: Pipeline = RetratoPipeline()
    strength: Strength = Strength()
    aligned: bool = False
    """Whether photos are face crops already; see `PhotoRestorer.restore_aligned`."""

    def fingerprint(self) -> str:
        """The same for all settings that make the same of a photo, as far as this can be known beforehand.

        Raises:
            RetratoError: there are no such weights.
        """
        values = {**asdict(self), "pipeline": repr(self.pipeline), "version": __version__}
        values["weights"] = sha256_of(locate_weights(self.weights))
        return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def load_photo_restorer(settings: RestoreSettings, watch: Watch = iter) -> PhotoRestorer:
    """The restorer of these settings.

    Args:
        settings: which.
        watch: goes through the tiles of a background, and may show how far it is.

    Raises:
        RetratoError: as `PhotoRestorer.from_weights`.
    """
    options = {name: value for name, value in vars(settings).items() if name not in {"weights", "aligned"}}
    options["background"] = load_background(settings.background, settings.device, watch)
    return PhotoRestorer.from_weights(settings.weights, **options)


def way_of(settings: RestoreSettings, restorer: PhotoRestorer) -> Restore:
    """What is done to each photo."""
    return restorer.restore_aligned if settings.aligned else restorer
