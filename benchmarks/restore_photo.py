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

import torch
from skimage.data import astronaut

from retrato import Photo, PhotoRestorer
from retrato.images.resizing import enlarge

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
    one = median_seconds(lambda: restorer.restore_faces(face))
    eight = median_seconds(lambda: restorer.restore_faces(faces))
    print("| step | time |\n|---|---|")
    print(f"| one face through the network | {one * 1000:.0f} ms |")
    print(f"| eight faces at once, each | {eight * 1000 / 8:.0f} ms |")
    for name, image in photos.items():
        results = [restorer(Photo(image)) for _ in range(3)]
        steps = {step: statistics.median(each.seconds[step] for each in results) for step in results[0].seconds}
        parts = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())
        print(f"| photo {name}, one face | {sum(steps.values()):.2f} s: {parts} |")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| peak memory so far | {peak:.0f} MiB |")


def median_seconds(work: Callable[[], object]) -> float:
    """Of some repetitions, after one to warm up."""
    work()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
