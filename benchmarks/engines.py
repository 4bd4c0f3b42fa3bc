"""Faces a second of each engine that is installed, in float32 and in bfloat16.

    python benchmarks/engines.py [--write]

With --write the table goes into the package, where `--engine auto` chooses by it. Batches of 1 and 8; the bundled
model, and one of the published size (512 px, 86 million parameters) with weights by chance. The engines take turns, and
the shortest time of several counts, so that what else the machine does falls on all of them alike; only one is loaded
at a time, since with 8 large faces each takes gigabytes. The last column is how much faster than torch in float32, in
the same run.
"""

import argparse
import datetime
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from retrato.errors import MissingPackage
from retrato.export.files import export_weights
from retrato.export.formats import ExportFormat
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.restoration.engines.choose import RUNNING
from retrato.restoration.engines.names import EngineName
from retrato.restoration.engines.onnx_runtime import OnnxRestorer
from retrato.restoration.engines.openvino import OpenVINORestorer
from retrato.restoration.engines.speeds import MeasuredSpeed, SpeedTable, write_speeds
from retrato.restoration.restorer import GFPGANRestorer
from retrato.shapes import Faces
from retrato.weights.load import load_gfpgan
from retrato.weights.store import StoredWeights, config_fields, write_weights

BATCHES = (1, 8)
ROUNDS = {"bundled": 8, "published size": 2}
REPEATS = {"bundled": 5, "published size": 1}
"""In each round, after one to warm up."""
PACKAGES = ("torch", "onnxruntime", "openvino")
COMMAND = "python benchmarks/engines.py --write"

FEATURES = {"avx512f": "AVX-512", "avx512_bf16": "AVX-512 BF16", "amx_bf16": "AMX BF16"}
"""What matters of a processor, by its flags."""

Kind = tuple[EngineName, str]
"""Engine and precision."""
Restore = Callable[[Faces], Faces]


def main() -> None:
    """Measure, print a table, and keep it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in the package")
    is_kept = parser.parse_args().write
    with TemporaryDirectory() as folder:
        random_weights = Path(folder) / "published-size.safetensors"
        write_random_weights(random_weights)
        speeds = [
            *measure("bundled", "bundled", Path(folder)),
            *measure("published size", random_weights, Path(folder)),
        ]
    table = SpeedTable(
        date=datetime.date.today().isoformat(),
        hardware=hardware(),
        versions=", ".join(f"{name} {found}" for name in PACKAGES if (found := installed(name))),
        commit=commit(),
        command=COMMAND,
        speeds=speeds,
    )
    show(table)
    if is_kept:
        write_speeds(table)


def write_random_weights(path: Path) -> None:
    torch.manual_seed(0)
    config = GFPGANConfig()
    write_weights(path, StoredWeights("gfpgan", config_fields(config), GFPGAN(config).state_dict(), {}))


def measure(network: str, weights: str | Path, folder: Path) -> Iterator[MeasuredSpeed]:
    """One network with every engine."""
    size = load_gfpgan(weights).config.image_size
    kinds = engines_for(weights, folder / f"{Path(weights).stem}.onnx")
    for batch in BATCHES:
        faces = torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
        shortest = dict.fromkeys(kinds, math.inf)
        for _ in range(ROUNDS[network]):
            for kind, load in kinds.items():
                seconds = shortest_seconds(load(), faces, REPEATS[network])
                print(f"{network}, {batch} at a time, {' '.join(kind)}: {seconds:.3f} s", file=sys.stderr)
                shortest[kind] = min(shortest[kind], seconds)
        for (engine, precision), seconds in shortest.items():
            yield MeasuredSpeed(network, size, engine, precision, batch, round(batch / seconds, 3))


def engines_for(weights: str | Path, file: Path) -> dict[Kind, Callable[[], Restore]]:
    """How to load every engine that is installed."""
    kinds: dict[Kind, Callable[[], Restore]] = {
        (EngineName.TORCH, "fp32"): lambda: GFPGANRestorer.from_weights(weights, "cpu"),
        (EngineName.TORCH, "bf16"): lambda: in_bf16(GFPGANRestorer.from_weights(weights, "cpu")),
    }
    exported: dict[Kind, Callable[[], Restore]] = {
        (EngineName.ONNX, "fp32"): lambda: OnnxRestorer(file),
        (EngineName.OPENVINO, "fp32"): lambda: OpenVINORestorer(file),
        (EngineName.OPENVINO, "bf16"): lambda: OpenVINORestorer(file, is_bf16=True),
    }
    try:
        export_weights(weights, file, ExportFormat.ONNX)
    except MissingPackage as error:
        print(f"torch alone: {error}")
        return kinds
    return kinds | {(engine, precision): load for (engine, precision), load in exported.items() if is_installed(engine)}


def is_installed(engine: EngineName) -> bool:
    return all(find_spec(each) for each in RUNNING[engine])


def in_bf16(restore: Restore) -> Restore:
    def restore_in_bf16(faces: Faces) -> Faces:
        with torch.autocast("cpu", torch.bfloat16):
            return restore(faces)

    return restore_in_bf16


def shortest_seconds(restore: Restore, faces: Faces, repeats: int) -> float:
    """Of several repetitions, after one to warm up."""
    restore(faces)
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        restore(faces)
        times.append(time.perf_counter() - started)
    return min(times)


def show(table: SpeedTable) -> None:
    print(f"{table.date}, commit {table.commit}, {table.hardware}, {table.versions}\n")
    print("| network | engine | precision | batch | faces/s | to torch fp32 |\n|---|---|---|---|---|---|")
    speed_of = {(each.network, each.engine, each.precision, each.batch): each.faces_per_second for each in table.speeds}
    for each in table.speeds:
        ratio = each.faces_per_second / speed_of[each.network, EngineName.TORCH, "fp32", each.batch]
        print(
            f"| {each.network}, {each.image_size} px | {each.engine} | {each.precision} | {each.batch} "
            f"| {each.faces_per_second:.2f} | {ratio:.2f} |"
        )


def hardware() -> str:
    """The processor and what of it matters here."""
    name, flags = platform.processor() or platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        fields = dict(line.split(":", 1) for line in cpuinfo.read_text().splitlines() if ":" in line)
        named = {key.strip(): value.strip() for key, value in fields.items()}
        name, flags = named.get("model name", name), named.get("flags", "")
    features = [title for flag, title in FEATURES.items() if flag in flags.split()]
    return f"{name} ({', '.join(features) or 'no AVX-512'}), {torch.get_num_threads()} threads"


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
