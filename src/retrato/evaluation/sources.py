"""Where sets of faces come from: drawn by a generator, or read from files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from retrato.data import FaceImages, StoredImage
from retrato.evaluation.sets import SetFeatures, SetQuestions
from retrato.evaluation.trials import width_of
from retrato.generation import draw_latents, draw_styles, each_face, each_picture, mean_style
from retrato.images.tensors import from_levels, rounded
from retrato.networks.dcgan import DCGAN
from retrato.networks.stylegan2 import StyleGAN2Generator, truncated

Picture = Float[Tensor, "3 s s"]
STYLES_AT_ONCE = 64
"""Bounds the memory of styles and latents that wait to be drawn."""


@runtime_checkable
class FaceSource(Protocol):
    """Anything that draws faces: a prior, a DCGAN, a folder of what somebody has drawn."""

    @property
    def name(self) -> str:
        """What it is, in the words of a report."""
        ...

    @property
    def size(self) -> int:
        """Width and height of its faces in pixels."""
        ...

    def draw(self, count: int, seed: int) -> Iterator[Picture]:
        """So many faces, one at a time, in [-1, 1] and 256 levels; the same seed gives the same faces."""
        ...


@dataclass(frozen=True, eq=False)
class StyleGAN2Source:
    """A prior."""

    generator: StyleGAN2Generator
    weights: str
    """Which these are, in words."""
    kept: float = 1.0
    """Of a style's distance to the mean. Published distances are without truncation, which is 1."""

    @property
    def name(self) -> str:
        """Kind, weights and truncation."""
        cut = "" if self.kept == 1 else f", truncation {self.kept:g}"
        return f"StyleGAN2, {self.weights}{cut}"

    @property
    def size(self) -> int:
        """Width and height of its faces in pixels."""
        return self.generator.config.image_size

    def draw(self, count: int, seed: int) -> Iterator[Picture]:
        """Faces of latents drawn by that seed."""
        rng = torch.Generator().manual_seed(seed)
        mean = mean_style(self.generator)
        for start in range(0, count, STYLES_AT_ONCE):
            styles = draw_styles(self.generator, min(STYLES_AT_ONCE, count - start), rng)
            for face in each_face(self.generator, truncated(styles, mean, self.kept)):
                yield rounded(face[None])[0]


@dataclass(frozen=True, eq=False)
class DCGANSource:
    """A DCGAN."""

    generator: DCGAN
    weights: str
    """Which these are, in words."""

    @property
    def name(self) -> str:
        """Kind and weights."""
        return f"DCGAN, {self.weights}"

    @property
    def size(self) -> int:
        """Width and height of its pictures in pixels."""
        return self.generator.config.image_size

    def draw(self, count: int, seed: int) -> Iterator[Picture]:
        """Pictures of latents drawn by that seed."""
        rng = torch.Generator().manual_seed(seed)
        for start in range(0, count, STYLES_AT_ONCE):
            latents = draw_latents(self.generator, min(STYLES_AT_ONCE, count - start), rng)
            for picture in each_picture(self.generator, latents):
                yield rounded(picture[None])[0]


@dataclass(frozen=True, eq=False)
class StoredFaces:
    """Pictures in files: what was drawn before, or those that generated ones are compared with."""

    name: str
    images: FaceImages

    @classmethod
    def of(cls, name: str, stored: Sequence[StoredImage], size: int | None = None) -> "StoredFaces":
        """At a size in pixels; by default that of the first.

        Raises:
            UnusableData: the first is no readable picture.
        """
        return cls(name, FaceImages(stored, size or width_of(stored[0])))

    @property
    def size(self) -> int:
        """Width and height of its faces in pixels."""
        return self.images.size

    def draw(self, count: int, seed: int) -> Iterator[Picture]:  # noqa: ARG002 (files are what they are)
        """The first so many."""
        for place in range(min(count, len(self.images))):
            yield from_levels(self.images[place])


def gather_features(pictures: Iterator[Picture], set_name: str, questions: SetQuestions) -> tuple[SetFeatures, ...]:
    """All features of some pictures that are asked for."""
    collectors = questions.collectors(set_name)
    for picture in pictures:
        for each in collectors:
            each.add(picture)
    return collectors
