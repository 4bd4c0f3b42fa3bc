"""The weights that come with the package."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BundledFile:
    """Weights that come with the package."""

    name: str
    """What it is called here."""
    file_name: str
    licence: str
    purpose: str
    """What it is good at."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return BUNDLED_FOLDER / self.file_name


BUNDLED_FOLDER = Path(__file__).parent / "bundled"
RESTORER = BundledFile(
    name="bundled",
    file_name="gfpgan-256-compact.safetensors",
    licence="Apache-2.0",
    purpose="GFP-GAN for faces of 256 px: small and quick, keeps what is sharp, leaves grey faces grey",
)
PRIOR = BundledFile(
    name="stylegan2-64-compact",
    file_name="stylegan2-64-compact.safetensors",
    licence="Apache-2.0",
    purpose="a small StyleGAN2 for faces of 64 px: draws faces of nobody, for play and for guesses",
)
EMBEDDER = BundledFile(
    name="mobilefacenet-compact",
    file_name="mobilefacenet-compact.safetensors",
    licence="Apache-2.0",
    purpose="a narrow MobileFaceNet that learned from the published one: who a face is",
)
BUNDLED_FILES = (RESTORER, PRIOR, EMBEDDER)
"""What can be named instead of a file."""


def bundled_file(name: str) -> BundledFile | None:
    """The bundled weights of that name, or none."""
    return next((each for each in BUNDLED_FILES if each.name == name), None)
