"""What decides how `retrato restore` makes a result: its options, and the settings that they stand for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retrato.cli.fetching import fetch_named
from retrato.cli.options import (
    Decorator,
    FiniteFloatRange,
    Region,
    StrengthParts,
    WhichFace,
    device_option,
    engine_option,
    precision_from,
    precision_option,
    weights_option,
)
from retrato.device import DeviceName
from retrato.restoration.engines.names import EngineName

if TYPE_CHECKING:
    from retrato.faces.choice import FaceChoice
    from retrato.restoration.pipeline import Pipeline
    from retrato.restoration.settings import RestoreSettings

PIPELINES = ("retrato", "published")
MASKS = ("parsed", "square")
SHARP = ("restore", "less", "skip")
ROTATIONS = ("none", "auto", "90", "180", "270")
"""The values of `restoration.pipeline.FaceMask`, `faces.choice.SharpFaces` and `restoration.rotation.Rotation`, known
without loading torch."""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

OPTIONS: tuple[Decorator, ...] = (
    click.option("--upscale", type=click.Choice(["1", "2", "4"]), default="1", show_default=True, help="Times larger."),
    click.option(
        "--background",
        default="lanczos",
        show_default=True,
        metavar="NAME-OR-FILE",
        help="What enlarges the photo around the faces: lanczos, or a model of Real-ESRGAN (realesr-general-x4v3, "
        "realesrgan-x2plus, realesrgan-x4plus, or a file of theirs), which also draws detail of its own.",
    ),
    weights_option,
    click.option(
        "--pipeline",
        "pipeline_name",
        type=click.Choice(PIPELINES),
        default=PIPELINES[0],
        show_default=True,
        help="How faces are found, cut out and put back: retrato's way, or GFPGAN's for results that compare.",
    ),
    click.option(
        "--detector",
        metavar="NAME-OR-FILE",
        help="What finds faces: mtcnn (bundled), retinaface-mobilenet0.25, retinaface-resnet50, or a file of either."
        "  [default: mtcnn; published: retinaface-resnet50]",
    ),
    click.option(
        "--mask",
        type=click.Choice(MASKS),
        help="What the published pipeline pastes of a face: skin and hair, or a square.  [default: parsed]",
    ),
    click.option(
        "--strength",
        type=StrengthParts(),
        default="1",
        show_default=True,
        metavar="0..1[,REGION=0..1]",
        help="How much of the restored faces to take; of eyes, mouth or skin too: 0.6 or 0.5,eyes=1,mouth=0.8.",
    ),
    click.option(
        "--grain",
        type=FiniteFloatRange(0, 1),
        default=0.5,
        show_default=True,
        help="How much of the photo's grain stays in its faces; 1 is as much as around them.",
    ),
    click.option("--aligned", is_flag=True, help="The inputs are face crops already, square and aligned as FFHQ's."),
    click.option(
        "--face",
        "faces",
        type=WhichFace(),
        multiple=True,
        help="Restore only the largest face, that in the centre, the one of a number (1 is the largest), or those "
        "whose middle is in a box: left,top,right,bottom in pixels; may be repeated.",
    ),
    click.option("--person", type=FILE, help="Restore only the face that is most like the one in this photo."),
    click.option(
        "--smallest", type=FiniteFloatRange(0), default=0, help="Leave faces that are fewer pixels wide as they are."
    ),
    click.option(
        "--sharp",
        type=click.Choice(SHARP),
        default=SHARP[0],
        show_default=True,
        help="What to do with faces that are sharp already: restore them, take less of the change, or skip them.",
    ),
    click.option(
        "--keep",
        "kept",
        type=Region(),
        multiple=True,
        metavar="BOX-OR-FILE",
        help="Leave a part of the photo as it is, be it in a face (glasses, jewellery, a scar): left,top,right,bottom "
        "in pixels, or a picture as large as the photo that is light there; may be repeated.",
    ),
    click.option(
        "--rotate",
        type=click.Choice(ROTATIONS),
        default=ROTATIONS[0],
        show_default=True,
        help="Turn photos by so many degrees against the clock, or so that most faces are upright.",
    ),
    click.option(
        "--any-angle",
        is_flag=True,
        help="Look for leaning faces also where upright ones are found for sure; takes longer.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        help="Draw the prior's noise, which decides such things as single hairs, from this seed; by default it is the "
        "noise stored with the weights. Either way the same photo gives the same result.",
    ),
    device_option,
    precision_option,
    engine_option,
)


@dataclass(frozen=True)
class How:
    """What these options say."""

    upscale: str
    background: str
    weights: str
    pipeline_name: str
    detector: str | None
    mask: str | None
    strength: dict[str, float]
    grain: float
    aligned: bool
    faces: tuple[str | int | tuple[float, ...], ...]
    person: Path | None
    smallest: float
    sharp: str
    kept: tuple[tuple[float, ...] | Path, ...]
    rotate: str
    any_angle: bool
    seed: int | None
    device_name: DeviceName
    precision: str
    engine: str | None

    def settings(self) -> RestoreSettings:
        """The settings; the weights that they need are fetched if they are not here.

        Raises:
            click.UsageError: options do not go together.
            UnavailableWeights: weights cannot be fetched.
        """
        from retrato.faces.face import Box
        from retrato.faces.strength import Strength
        from retrato.restoration.rotation import Rotation
        from retrato.restoration.settings import RestoreSettings
        from retrato.restoration.upscaler import LANCZOS

        if self.upscale == "1" and self.background != LANCZOS:
            raise click.UsageError(
                f"--background {self.background} has nothing to enlarge: add --upscale 2 or --upscale 4"
            )
        if self.aligned and (
            self.faces or self.person or self.smallest or self.any_angle or self.rotate != ROTATIONS[0]
        ):
            raise click.UsageError("--aligned takes the picture for one face, and chooses, finds and turns none")
        if self.aligned and self.sharp != SHARP[0]:
            raise click.UsageError("--aligned restores every face, be it sharp or not: leave out --sharp")
        pipeline = self._pipeline()
        for name in (self.weights, self.background):
            fetch_named(name)
        return RestoreSettings(
            weights=self.weights,
            upscale=int(self.upscale),
            background=self.background,
            device=self.device_name,
            precision=precision_from(self.precision),
            noise_seed=self.seed,
            engine=EngineName(self.engine) if self.engine else None,
            pipeline=pipeline,
            strength=Strength(**self.strength),
            choice=self._choice(),
            person=None if self.person is None else str(self.person),
            rotate=Rotation(self.rotate),
            kept=tuple(each if isinstance(each, Path) else Box(*each) for each in self.kept),
            aligned=self.aligned,
        )

    def _choice(self) -> FaceChoice:
        from retrato.faces.choice import FaceChoice, SharpFaces, Which
        from retrato.faces.face import Box

        only = tuple(
            Which(each) if isinstance(each, str) else each if isinstance(each, int) else Box(*each)
            for each in self.faces
        )
        return FaceChoice(only, self.smallest, SharpFaces(self.sharp))

    def _pipeline(self) -> Pipeline:
        """Aligned faces need neither detector nor mask, so none is fetched."""
        from retrato.restoration.pipeline import MTCNN, FaceMask, PublishedPipeline, RetratoPipeline

        if self.pipeline_name == "published":
            if self.any_angle:
                raise click.UsageError("--any-angle belongs to --pipeline retrato: GFPGAN looks for upright faces")
            pipeline = PublishedPipeline(MTCNN, FaceMask.SQUARE) if self.aligned else PublishedPipeline()
            return PublishedPipeline(self.detector or pipeline.detector, FaceMask(self.mask or pipeline.mask))
        if self.mask is not None:
            raise click.UsageError("--mask belongs to --pipeline published: retrato pastes the change alone")
        return RetratoPipeline(self.detector or MTCNN, self.grain, self.any_angle)


def asking_how(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command these options, as its argument `how`."""
    fields = tuple(How.__dataclass_fields__)

    @functools.wraps(function)
    def call(**options: Any) -> None:
        how = How(**{name: options.pop(name) for name in fields})
        function(how=how, **options)

    command: Callable[..., None] = call
    for option in reversed(OPTIONS):
        command = option(command)
    return command
