"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retrato.device import DeviceName
from retrato.restoration.engines.names import EngineName

if TYPE_CHECKING:
    from retrato.degradation import DegradationRanges
    from retrato.precision import Precision


class FiniteFloatRange(click.FloatRange):
    """A number in a range; infinity and what is no number are in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was written."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number


class StrengthParts(click.ParamType):  # type: ignore[type-arg] # generic in some versions of click
    """A strength for all regions of a face, and others for some of them: the fields of `faces.strength.Strength`."""

    name = "strength"
    REGIONS = ("skin", "eyes", "mouth")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        """By region."""
        if isinstance(value, dict):
            return value
        strengths = dict.fromkeys(self.REGIONS, 1.0)
        for part in str(value).split(","):
            name, is_named, number = part.rpartition("=")
            regions = [name.strip()] if is_named else list(self.REGIONS)
            if regions[0] not in self.REGIONS:
                self.fail(f"no region {regions[0]!r}: name one of {', '.join(self.REGIONS)}", param, ctx)
            strength = FiniteFloatRange(0, 1).convert(number.strip(), param, ctx)
            strengths.update(dict.fromkeys(regions, strength))
        return strengths


def box_from(value: str) -> tuple[float, ...] | None:
    """Left, top, right and bottom, if the words are such numbers and something lies between them."""
    try:
        numbers = tuple(float(each) for each in value.split(","))
    except ValueError:
        return None
    fits = (
        len(numbers) == 4 and all(map(math.isfinite, numbers)) and numbers[0] < numbers[2] and numbers[1] < numbers[3]
    )
    return numbers if fits else None


class WhichFace(click.ParamType):  # type: ignore[type-arg] # as above
    """What `faces.choice.FaceChoice` takes: a word, a number from 1, or a box."""

    name = "largest|centre|number|box"
    WORDS = ("largest", "centre")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word, the number, or the box as four numbers."""
        text = str(value).strip()
        if text in self.WORDS:
            return text
        if text.isdecimal() and int(text) > 0:
            return int(text)
        return box_from(text) or self.fail(
            f"{value!r} is neither {', '.join(self.WORDS)}, a number from 1, nor a box left,top,right,bottom, where "
            "right is beyond left and bottom below top; several faces are several --face",
            param,
            ctx,
        )


class Region(click.ParamType):  # type: ignore[type-arg] # as above
    """A box, or a file that exists."""

    name = "region"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The box as four numbers, or the path."""
        box = box_from(str(value))
        if box is None and str(value).count(",") == 3 and not Path(value).exists():
            self.fail(
                f"{value!r} is no box left,top,right,bottom, where right is beyond left and bottom below top",
                param,
                ctx,
            )
        return box or click.Path(exists=True, dir_okay=False, path_type=Path).convert(value, param, ctx)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

device_option: Decorator = click.option(
    "--device",
    "device_name",
    type=click.Choice([each.value for each in DeviceName]),
    default=DeviceName.AUTO.value,
    show_default=True,
    callback=lambda _context, _parameter, value: DeviceName(value),
    help="Where to compute.",
)

precision_option: Decorator = click.option(
    "--precision",
    type=click.Choice(["auto", "bf16", "fp32"]),
    default="auto",
    show_default=True,
    help="What to compute in: bf16 is several times faster where the machine has it, and differs by a level or so.",
)

weights_option: Decorator = click.option(
    "--weights",
    default="bundled",
    show_default=True,
    metavar="NAME-OR-FILE",
    help="Which model: the bundled one, another of `retrato weights list`, or a file, ours or published.",
)

engine_option: Decorator = click.option(
    "--engine",
    type=click.Choice([each.value for each in EngineName]),
    help="What computes: torch; onnx (ONNX Runtime) or openvino, on the CPU, from an ONNX file that is exported once; "
    "or auto, the fastest of these that is installed.  [default: torch; auto for an exported file as --weights]",
)

seed_option: Decorator = click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Decides every draw."
)

PRESETS = ("light", "paper", "heavy", "paper-colour", "extended", "old-photo")
"""The values of `degradation.Preset`, known without loading torch."""

preset_option: Decorator = click.option(
    "--degradation",
    "preset",
    type=click.Choice(PRESETS),
    default="paper",
    show_default=True,
    help="How the pictures are made bad.",
)


def precision_from(name: str) -> Precision | None:
    """What `--precision` names; None chooses the fastest."""
    from retrato.precision import Precision

    return None if name == "auto" else Precision(name)


def ranges_of(preset: str) -> DegradationRanges:
    """What may happen to a picture by one of `PRESETS`."""
    from retrato.degradation import Preset

    return Preset(preset).ranges
