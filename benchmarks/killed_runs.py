"""Kill a folder run at random moments, go on with --resume, and compare what comes out with an undisturbed run.

    python benchmarks/killed_runs.py [--kills 50] [--photos 60] [--seed 0]

Photos are made of those inside scikit-image, so that nothing is fetched. A kill is SIGKILL, either of the process that
was started or of all its processes; whoever outlives it may still be at work when the next run begins.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import skimage.data

from retrato.images.files import write_image
from retrato.images.photo import Photo

LONGEST_RUN = 15.0
"""Seconds after which a run is killed at the latest; most of the first three go by before the first photo."""


def main() -> None:
    """Make photos, kill runs, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        album, undisturbed, killed = (Path(folder, name) for name in ("album", "undisturbed", "killed"))
        write_photos(album, options.photos, options.seed)
        run(album, undisturbed).wait()
        kills, at_work = 0, 0
        while kills < options.kills:
            process = run(album, killed)
            if not killed_at(process, rng.uniform(1.0, LONGEST_RUN), whole_group=rng.random() < 0.5):
                empty(killed)  # it was done before its time: once more from the start
                continue
            kills += 1
            at_work += is_begun_and_not_done(killed)
        run(album, killed).wait()
        compare(undisturbed, killed)
        print(f"{kills} kills of runs over {options.photos} photos, {at_work} of them while photos were worked on")


def write_photos(album: Path, count: int, seed: int) -> None:
    """Portraits with a little noise, so that no two are the same; some in a folder inside."""
    rng = np.random.default_rng(seed)
    portrait = skimage.data.astronaut().astype(np.int16)
    for number in range(count):
        image = (portrait + rng.integers(-9, 10, portrait.shape)).clip(0, 255).astype(np.uint8)
        place = album / "inside" if number % 3 == 0 else album
        write_image(Photo(image), place / f"{number}.{('jpg', 'png', 'tif')[number % 3]}")


def run(album: Path, output: Path) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    command = [sys.executable, "-m", "retrato", "restore", album, "-r", "-o", output, "--resume", "--jobs", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def killed_at(process: subprocess.Popen[bytes], seconds: float, *, whole_group: bool) -> bool:
    """Whether it was killed before it was done."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        return True
    return False


def is_begun_and_not_done(folder: Path) -> bool:
    """Whether the run that was killed had begun photos that it had not finished."""
    path = folder / ".retrato" / "manifest.jsonl"
    if not path.exists():
        return False
    done: dict[str, bool] = {}
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        done[entry["name"]] = "report" in entry
    return not all(done.values())


def empty(folder: Path) -> None:
    """Remove all files, once those who may still be at work are done."""
    time.sleep(2)
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def compare(undisturbed: Path, killed: Path) -> None:
    """Say whether both hold the same, and nothing unfinished."""
    one, other = (
        {path.relative_to(each): path.read_bytes() for path in each.rglob("*") if path.is_file()}
        for each in (undisturbed, killed)
    )
    results = {path: content for path, content in one.items() if ".retrato" not in path.parts}
    same = sum(other.get(path) == content for path, content in results.items())
    strange = [path for path in other if path not in one]
    print(
        f"{same} of {len(results)} results are equal to those of an undisturbed run; other files: {strange or 'none'}"
    )


if __name__ == "__main__":
    main()
