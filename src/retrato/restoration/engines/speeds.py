"""How fast each engine was, measured by `benchmarks/engines.py`: what `--engine auto` chooses by."""

import dataclasses
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrato.precision import Precision
from retrato.restoration.engines.names import EngineName

TABLE_FILE = Path(__file__).with_name("speeds.json")


@dataclass(frozen=True)
class MeasuredSpeed:
    """Of one engine with one network."""

    network: str
    """Whose faces were restored."""
    image_size: int
    """Width and height of the faces."""
    engine: str
    precision: str
    """fp32 or bf16."""
    batch: int
    """Faces at a time."""
    faces_per_second: float


@dataclass(frozen=True)
class SpeedTable:
    """All of one run of the benchmark."""

    date: str
    hardware: str
    versions: str
    commit: str
    command: str
    speeds: Sequence[MeasuredSpeed]

    def fastest(self, engines: Collection[EngineName], precision: Precision = Precision.FP32) -> EngineName:
        """The engine with the highest geometric mean of speeds, over all networks and batches.

        Each in that precision, or in float32 where it has no other.

        Raises:
            ValueError: none of the engines was measured.
        """
        means = {each: mean for each in engines if (mean := self._mean(each, precision)) is not None}
        if not means:
            raise ValueError(f"none of {', '.join(engines)} was measured")
        return max(means, key=lambda engine: means[engine])

    def _mean(self, engine: EngineName, precision: Precision) -> float | None:
        for wanted in (precision, Precision.FP32):
            own = [each for each in self.speeds if each.engine == engine and each.precision == wanted]
            if own:
                return math.fsum(math.log(each.faces_per_second) for each in own) / len(own)
        return None


def read_speeds(path: Path = TABLE_FILE) -> SpeedTable:
    """The table that comes with the package, or another one that `write_speeds` wrote."""
    fields = json.loads(path.read_text())
    return SpeedTable(**{**fields, "speeds": tuple(MeasuredSpeed(**each) for each in fields["speeds"])})


def write_speeds(table: SpeedTable, path: Path = TABLE_FILE) -> None:
    """Write the table for `read_speeds`, one speed a line."""
    fields = {name: value for name, value in dataclasses.asdict(table).items() if name != "speeds"}
    lines = ",\n".join(f"    {json.dumps(dataclasses.asdict(each))}" for each in table.speeds)
    head = json.dumps(fields, indent=2).removesuffix("\n}")
    path.write_text(f'{head},\n  "speeds": [\n{lines}\n  ]\n}}\n')
