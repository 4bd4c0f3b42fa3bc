"""How long enlarging a photo twice takes with a network of Real-ESRGAN, and how much memory.

    python benchmarks/upscale_background.py [NAME-OR-FILE]

By default with a network of realesr-general-x4v3's shape and weights by chance, which are as fast as the published
ones. Each case is a process of its own, so that its peak memory is its own. Machines are noisy: processor time, summed
over all threads, says what the work takes. With real weights it also says how far bfloat16 is from float32, and tiles
from the whole.
"""

import platform
import resource
import subprocess
import sys
import time

import numpy as np
import torch
from skimage.data import astronaut

from retrato.images.resizing import resize
from retrato.networks.srvgg import SRVGG, SRVGGConfig
from retrato.precision import Precision
from retrato.restoration import upscaler
from retrato.restoration.upscaler import RealESRGANUpscaler
from retrato.shapes import Image
from retrato.weights.upscalers import load_upscaler

SIZES = {2: (1632, 1224), 12: (4000, 3000)}
"""Width and height of each number of megapixels."""
BY_CHANCE = "by-chance"
PUBLISHED_MARGIN = 10


def main(name_or_file: str) -> None:
    """Measure and print a table."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"commit {commit.strip() or 'unknown'}, {name_or_file}\n")
    print("| photo | precision | seconds a megapixel | of them computing | peak memory |\n|---|---|---|---|---|")
    for megapixels in SIZES:
        for precision in ("bf16", "fp32"):
            case = [sys.executable, __file__, name_or_file, str(megapixels), precision]
            seconds, computing, peak = subprocess.run(case, capture_output=True, text=True, check=True).stdout.split()
            print(f"| {megapixels} MP | {precision} | {seconds} | {computing} | {peak} MiB |", flush=True)
    if name_or_file != BY_CHANCE:
        differences(name_or_file)


def measure(name_or_file: str, megapixels: int, precision: str) -> None:
    """One case; the time of one photo after a tile to warm up."""
    compute_in(precision)
    enlarge = RealESRGANUpscaler(network(name_or_file), "benchmark", torch.device("cpu"))
    image = resize(astronaut(), *SIZES[megapixels])
    enlarge(image[:400, :400], 2)
    started, computed = time.perf_counter(), time.process_time()
    enlarge(image, 2)
    seconds, computing = time.perf_counter() - started, time.process_time() - computed
    print(
        f"{seconds / megapixels:.2f} {computing / megapixels:.2f}",
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def differences(name_or_file: str) -> None:
    """How far results are from one another, in levels of 256 and in decibels, on a photo of 512 px twice as large."""
    image = astronaut()
    compute_in("fp32")
    exact = enlarged(name_or_file, image, tile_size=1024)
    print("\n| compared with float32 and no tiles | largest difference | PSNR |\n|---|---|---|")
    print(f"| tiles of 128, margin {upscaler.TILE_MARGIN} | {compared(enlarged(name_or_file, image, 128), exact)} |")
    upscaler.TILE_MARGIN = PUBLISHED_MARGIN
    print(f"| tiles of 128, margin {PUBLISHED_MARGIN} | {compared(enlarged(name_or_file, image, 128), exact)} |")
    compute_in("bf16")
    print(f"| bf16, no tiles | {compared(enlarged(name_or_file, image, 1024), exact)} |")


def enlarged(name_or_file: str, image: Image, tile_size: int) -> Image:
    enlarge = RealESRGANUpscaler(network(name_or_file), "benchmark", torch.device("cpu"), tile_size=tile_size)
    return enlarge(image, 2)


def compared(one: Image, other: Image) -> str:
    difference = np.abs(one.astype(float) - other)
    error = (difference**2).mean()
    return f"{difference.max():.0f} | {'the same' if error == 0 else f'{10 * np.log10(255**2 / error):.1f} dB'}"


def network(name_or_file: str) -> torch.nn.Module:
    return SRVGG(SRVGGConfig()) if name_or_file == BY_CHANCE else load_upscaler(name_or_file)


def compute_in(precision: str) -> None:
    """Compute in that precision, whatever this machine is faster in."""
    upscaler.fastest_precision = lambda _device: Precision(precision)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main(*sys.argv[1:] or [BY_CHANCE])
