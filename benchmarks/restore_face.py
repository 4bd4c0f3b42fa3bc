"""One face of 512 px through GFP-GAN: the published package, and what each of our levers gives, in one run.

    python benchmarks/restore_face.py

Each way runs in a process of its own, with the same weights and the same face, so that its peak memory is its own. The
published package is fetched from the package index. Machines are noisy: each time is the best of several.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from published_package import published_network
from torch import Tensor

Restore = Callable[[Tensor], Tensor]


def published(weights: Path) -> Restore:
    """The published code, as its GFPGANer calls it; with stored noise, to have the same result twice."""
    network = published_network()
    network.load_state_dict(torch.load(weights, weights_only=True)["params_ema"], strict=True)
    return lambda faces: network(faces, return_rgb=False, randomize_noise=False)[0]


def published_bf16(weights: Path) -> Restore:
    """The same under autocast."""
    restore = published(weights)

    def autocast(faces: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return restore(faces).float()

    return autocast


def shared_convolutions(weights: Path) -> Restore:
    """Ours: the style scales features instead of making a kernel for each face."""
    from retrato.weights.load import load_gfpgan

    return load_gfpgan(weights).eval().requires_grad_(False).restore


def channels_last(weights: Path) -> Restore:
    """And channels last."""
    from retrato.weights.load import load_gfpgan

    network = load_gfpgan(weights).eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return lambda faces: network.restore(faces.contiguous(memory_format=torch.channels_last))


def restorer_fp32(weights: Path) -> Restore:
    """And what depends on weights alone computed once: retrato with --precision fp32."""
    return _restorer(weights, "fp32")


def restorer_bf16(weights: Path) -> Restore:
    """And convolutions in bf16: retrato as it is used."""
    return _restorer(weights, "bf16")


def compiled_bf16(weights: Path) -> Restore:
    """And compiled, which takes a minute before the first face."""
    from retrato.restoration.restorer import GFPGANRestorer

    restorer = _restorer(weights, "bf16")
    assert isinstance(restorer, GFPGANRestorer)
    restorer._network.restore = torch.compile(restorer._network.restore)
    return restorer


def _restorer(weights: Path, precision: str) -> Restore:
    from retrato.precision import Precision
    from retrato.restoration.restorer import GFPGANRestorer

    return GFPGANRestorer.from_weights(weights, "cpu", Precision(precision))


WAYS = {
    each.__name__: each
    for each in (
        published,
        published_bf16,
        shared_convolutions,
        channels_last,
        restorer_fp32,
        restorer_bf16,
        compiled_bf16,
    )
}


def main() -> None:
    """Measure each way, and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options.add_argument("--one", nargs=3, metavar=("WAY", "WEIGHTS", "RESULT"), help="for the processes started here")
    chosen = options.parse_args()
    if chosen.one:
        way, weights, result = chosen.one
        print(json.dumps(measure(WAYS[way], Path(weights), Path(result), chosen.repeats)))
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"commit {commit.strip() or 'unknown'}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save({"params_ema": published_network().state_dict()}, folder / "weights.pth")
        print("| way | one face | times as fast | four faces, each | peak memory | PSNR to the published |")
        print("|---|---|---|---|---|---|")
        first: dict[str, float] = {}
        for way in chosen.ways:
            command = [sys.executable, __file__, "--repeats", str(chosen.repeats), "--one", way]
            command += [str(folder / "weights.pth"), str(folder / f"{way}.npy")]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(output.splitlines()[-1])
            first = first or found
            closeness = psnr(folder / f"{chosen.ways[0]}.npy", folder / f"{way}.npy")
            print(
                f"| {way} | {found['one']:.2f} s | {first['one'] / found['one']:.1f} | {found['four']:.2f} s "
                f"| {found['peak_mib']:.0f} MiB | {closeness:.1f} dB |",
                flush=True,
            )


@torch.inference_mode()
def measure(way: Callable[[Path], Restore], weights: Path, result: Path, repeats: int) -> dict[str, float]:
    """Seconds for a face and for each of four, and the peak memory, after writing the restored face."""
    restore = way(weights)
    faces = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    faces = torch.nn.functional.interpolate(faces, size=512, mode="bicubic").clamp(-1, 1)
    np.save(result, restore(faces[:1]).clamp(-1, 1).numpy())
    one = best_seconds(lambda: restore(faces[:1]), repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"one": one, "four": best_seconds(lambda: restore(faces), max(1, repeats // 2)) / 4, "peak_mib": peak}


def best_seconds(work: Callable[[], object], repeats: int) -> float:
    """Of so many repetitions."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def psnr(expected: Path, found: Path) -> float:
    """Of pictures in [-1, 1], in decibels."""
    error = float(np.square(np.load(expected) - np.load(found)).mean())
    return float("inf") if error == 0 else 10 * np.log10(4 / error)


if __name__ == "__main__":
    main()
