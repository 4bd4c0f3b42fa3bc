"""How long one photo takes, step by step, and how much memory.

    python benchmarks/restore_photo.py

Times are medians; machines are noisy, so compare ratios within one run.
"""

import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from skimage.data import astronaut

from retrato import Photo, PhotoRestorer
from retrato.images.resizing import enlarge
from retrato.networks.gfpgan import GFPGAN
from retrato.precision import fastest_precision
from retrato.restoration.restorer import GFPGANRestorer
from retrato.weights.load import load_gfpgan

REPEATS = 7


def main() -> None:
    """Measure and print a table."""
    restorer = PhotoRestorer.from_weights("bundled")
    photos = {
        "512x512": astronaut(),
        "2048x2048": enlarge(astronaut(), 4),
        "7168x7168 (51 MP)": enlarge(astronaut(), 14),
    }
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"commit {commit.strip() or 'unknown'}\n")
    face = torch.zeros(1, 3, restorer.restore_faces.size, restorer.restore_faces.size)
    faces = face.expand(8, -1, -1, -1)
    once = restoring_once()
    print("| step | time | without its mirror image |\n|---|---|---|")
    for name, some in (("one face through the network", face), ("eight faces at once, each", faces)):
        times = [
            1000 * each / len(some) for each in by_turns(partial(restorer.restore_faces, some), partial(once, some))
        ]
        print(f"| {name} | {times[0]:.0f} ms | {times[1]:.0f} ms |")
    print("\n| photo | time |\n|---|---|")
    for name, image in photos.items():
        results = [restorer(Photo(image)) for _ in range(3)]
        steps = {step: statistics.median(each.seconds[step] for each in results) for step in results[0].seconds}
        parts = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())
        print(f"| {name}, one face | {sum(steps.values()):.2f} s: {parts} |")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| peak memory so far | {peak:.0f} MiB |")


def restoring_once() -> GFPGANRestorer:
    """The bundled restorer, had it no self-ensemble."""
    bundled = load_gfpgan("bundled")
    network = GFPGAN(replace(bundled.config, self_ensemble=False))
    network.load_state_dict(bundled.state_dict())
    device = torch.device("cpu")
    return GFPGANRestorer(network, "bundled, without its mirror image", device, fastest_precision(device))


def by_turns(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each, of some repetitions after one to warm up."""
    times: list[list[float]] = [[] for _ in works]
    for repeat in range(REPEATS + 1):
        for work, found in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            if repeat:
                found.append(time.perf_counter() - started)
    return [statistics.median(each) for each in times]


if __name__ == "__main__":
    main()
