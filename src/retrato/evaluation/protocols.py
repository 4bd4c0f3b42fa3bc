"""How papers and challenges evaluate: which pictures, at which size, by which metrics, compared with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from retrato.data import StoredImage, find_stored_images
from retrato.degradation import Preset
from retrato.errors import UnusableData
from retrato.evaluation.trials import Trial, degraded_trial, stored_trial

PAIRS = ("psnr", "ssim", "lpips-vgg16", "lpips-squeezenet", "angle-arcface", "identity-mobilefacenet", "niqe")
"""What papers report of pairs, as far as it is in the table of metrics; LPIPS and identity by our networks besides."""
REAL = ("niqe", "identity-adaface-ir50", "identity-mobilefacenet")
FFHQ = ("fid",)


class ProtocolName(StrEnum):
    """By name, as commands take it."""

    CELEBA_TEST = "celeba-test"
    """The published pairs of CelebA-Test: 3,000 faces of 512 px."""
    CELEBA_STYLE = "celeba-style"
    """The same of any good faces: the paper's degradation at 512 px, besides a lighter and a heavier one."""
    REAL_PHOTOS = "real-photos"
    """LFW-Test, CelebChild and WebPhoto, of which nobody knows the truth."""
    NTIRE = "ntire"
    """The identity gate of the NTIRE challenges on real-world face restoration, and NIQE and FID of their score."""


@dataclass(frozen=True)
class FaceSet:
    """A set of faces as people download it."""

    name: str
    spellings: tuple[str, ...]
    """Of its folder, in letters and digits alone."""
    least_cosine: float
    """NTIRE's, to the input, by AdaFace."""


CELEBA_INPUTS = ("celeba512validationlq", "celebatestlq", "celebatest", "celeba", "lq", "inputs", "degraded")
CELEBA_TARGETS = ("celeba512validation", "celebatesthq", "celebahq", "hq", "gt", "targets")
REAL_SETS = (
    FaceSet("LFW-Test", ("lfwtest", "lfw"), 0.60),
    FaceSet("CelebChild", ("celebchildtest", "celebchild"), 0.60),
    FaceSet("WebPhoto", ("webphototest", "webphoto"), 0.30),
)
NTIRE_SETS = (
    *REAL_SETS,
    FaceSet("WIDER-Test", ("widertest", "wider"), 0.30),
    FaceSet("CelebA", CELEBA_INPUTS, 0.50),
)


@dataclass(frozen=True)
class Protocol:
    """What is fixed before anybody is measured."""

    name: ProtocolName
    metrics: tuple[str, ...]
    size: int = 512
    """Width and height of the faces in pixels; restorers of another size are asked at theirs."""

    @property
    def compares_with_ffhq(self) -> bool:
        """Whether its FID is to FFHQ's faces, as in GFP-GAN's paper and those that follow it."""
        return "fid" in self.metrics


@dataclass(frozen=True)
class Stage:
    """One trial of a protocol."""

    trial: Trial
    least_cosine: float | None = None
    """Of the identity gate, if there is one."""


PROTOCOLS = {
    ProtocolName.CELEBA_TEST: Protocol(ProtocolName.CELEBA_TEST, (*PAIRS, *FFHQ)),
    ProtocolName.CELEBA_STYLE: Protocol(ProtocolName.CELEBA_STYLE, PAIRS),
    ProtocolName.REAL_PHOTOS: Protocol(ProtocolName.REAL_PHOTOS, (*REAL, *FFHQ)),
    ProtocolName.NTIRE: Protocol(ProtocolName.NTIRE, (*REAL, *FFHQ)),
}


def stages_of(name: ProtocolName, folder: Path, seed: int = 0) -> list[Stage]:
    """The trials of a protocol, with the pictures of a folder.

    Raises:
        UnusableData: the folder has none of the sets, or a set has no pictures.
    """
    match name:
        case ProtocolName.CELEBA_TEST:
            inputs, targets = _required(folder, CELEBA_INPUTS), _required(folder, CELEBA_TARGETS)
            return [Stage(stored_trial("CelebA-Test", inputs=_pictures(inputs), targets=_pictures(targets)))]
        case ProtocolName.CELEBA_STYLE:
            faces, presets = _pictures(folder), (Preset.LIGHT, Preset.PAPER, Preset.HEAVY)
            return [Stage(degraded_trial(folder.name, faces, preset, seed)) for preset in presets]
        case ProtocolName.REAL_PHOTOS:
            return [Stage(each.trial) for each in _stages(folder, REAL_SETS)]
        case ProtocolName.NTIRE:
            return _stages(folder, NTIRE_SETS)


def _stages(folder: Path, sets: Sequence[FaceSet]) -> list[Stage]:
    """Of the sets that are there."""
    there = [(each, found) for each in sets if (found := _folder_of(folder, each.spellings)) is not None]
    if not there:
        known = ", ".join(each.name for each in sets)
        raise UnusableData(f"{folder} has none of the folders {known}: name the folder that they are in")
    return [Stage(stored_trial(each.name, inputs=_pictures(found)), each.least_cosine) for each, found in there]


def _folder_of(folder: Path, spellings: Sequence[str]) -> Path | None:
    """The first spelling that a subfolder has, whatever its hyphens and capitals."""
    if not folder.is_dir():
        raise UnusableData(f"no folder {folder}")
    folders = {_letters(each.name): each for each in sorted(folder.iterdir()) if each.is_dir()}
    return next((folders[each] for each in spellings if each in folders), None)


def _required(folder: Path, spellings: Sequence[str]) -> Path:
    found = _folder_of(folder, spellings)
    if found is None:
        raise UnusableData(f"{folder} has no folder of any of these names, hyphens apart: {', '.join(spellings)}")
    return found


def _letters(name: str) -> str:
    return "".join(each for each in name.lower() if each.isalnum())


def _pictures(folder: Path) -> list[StoredImage]:
    return find_stored_images([folder])
