"""Whether a folder run's memory grows with the folder: `retrato restore` on a few photos, and on many.

    python benchmarks/many_photos.py [--few 100] [--many 1000]

Photos are made of those inside scikit-image, so that nothing is fetched.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import skimage.data

from retrato.images.files import write_image
from retrato.images.photo import Photo


def main() -> None:
    """Make photos, restore them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=1000)
    options = parser.parse_args()
    print("| photos | time | peak memory (RSS) of the largest process |\n|---|---|---|")
    for count in (options.few, options.many):  # the larger one last: children's peak is that of all so far
        with tempfile.TemporaryDirectory() as folder:
            write_photos(Path(folder, "album"), count)
            started = time.perf_counter()
            run(Path(folder))
            seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"| {count} | {seconds:.0f} s | {peak:.0f} MiB |")


def write_photos(album: Path, count: int) -> None:
    """Portraits with a little noise, so that no two are the same."""
    rng = np.random.default_rng(0)
    portrait = skimage.data.astronaut()[:400, 50:450].astype(np.int16)
    for number in range(count):
        image = (portrait + rng.integers(-9, 10, portrait.shape)).clip(0, 255).astype(np.uint8)
        write_image(Photo(image), album / f"{number}.jpg")


def run(folder: Path) -> None:
    """The command, with all that a folder run can write."""
    command = [sys.executable, "-m", "retrato", "restore", folder / "album", "-o", folder / "restored", "--jobs", "1"]
    command += ["--report", folder / "faces.jsonl", "--contact-sheet", folder / "sheet.html"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
