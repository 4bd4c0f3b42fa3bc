"""Pictures a second of the restorer's training step, and its share of what this machine's convolutions reach.

    python benchmarks/train_step.py [--compile]

All in one run, so that the ratios hold on a noisy machine. The losses of the recipe are left out: a pixel loss alone
drives the step. Arithmetic is counted by torch (two for each multiplication and addition, backward passes included);
the peak is the best of several large convolutions of the same kind, forward and backward.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from retrato.losses import pixel_loss
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.training.player import Player
from retrato.training.recipes.gfpgan import gfpgan_256_compact

BATCH = 8
STEPS = 4
PEAK_SHAPES = ((128, 128), (256, 64), (512, 32))
"""Channels and resolution of the convolutions that the peak is measured on."""


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compile", action="store_true", help="also measure the compiled step")
    is_compiled = parser.parse_args().compile
    network = gfpgan_256_compact().task.network
    kinds = {
        "compact recipe": network,
        "the same, not folded": replace(network, prior=replace(network.prior, fold=1)),
    }
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, batches of {BATCH}\n")
    print("| network | precision | pictures/s | GFLOP/s | share of the peak |\n|---|---|---|---|---|")
    for is_bf16 in (True, False):
        peak = peak_speed(is_bf16)
        precision = "bf16" if is_bf16 else "float32"
        print(f"| large convolutions | {precision} | | {peak / 1e9:.0f} | |")
        for name, config in kinds.items():
            report(name, precision, measure(config, is_bf16), peak)
            if is_compiled and is_bf16:
                report(f"{name}, compiled", precision, measure(config, is_bf16, is_compiled=True), peak)


def report(name: str, precision: str, measured: tuple[float, float], peak: float) -> None:
    rate, speed = measured
    print(f"| {name} | {precision} | {rate:.2f} | {speed / 1e9:.0f} | {speed / peak:.0%} |", flush=True)


def measure(config: GFPGANConfig, is_bf16: bool, is_compiled: bool = False) -> tuple[float, float]:
    """Pictures and floating-point operations a second: forward, backward, optimiser and average."""
    network = GFPGAN(config).to(memory_format=torch.channels_last)
    player = Player(network, gfpgan_256_compact().task.restorer)
    pictures = torch.rand(BATCH, 3, config.image_size, config.image_size).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
            restored, _ = network(pictures)
        player.minimize([pixel_loss(restored, pictures)], 0)

    with FlopCounterMode(display=False) as counter:
        step()
    if is_compiled:
        network.compile()
        step()
    seconds = seconds_of(step)
    return BATCH / seconds, counter.get_total_flops() / seconds


def peak_speed(is_bf16: bool) -> float:
    """Floating-point operations a second of the fastest large convolution, forward and backward."""
    return max(convolution_speed(channels, size, is_bf16) for channels, size in PEAK_SHAPES)


def convolution_speed(channels: int, size: int, is_bf16: bool) -> float:
    features = torch.rand(BATCH, channels, size, size).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.rand(channels, channels, 3, 3).contiguous(memory_format=torch.channels_last).requires_grad_()
    if is_bf16:
        features, weight = (each.detach().bfloat16().requires_grad_() for each in (features, weight))
    gradient = torch.rand_like(features)

    def step() -> None:
        F.conv2d(features, weight, padding=1).backward(gradient)

    operations = 3 * 2 * BATCH * channels**2 * 9 * size**2
    return operations / seconds_of(step)


def seconds_of(step: Callable[[], None]) -> float:
    """The shortest of several, after a first one that allocates."""
    step()
    times = []
    for _ in range(STEPS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    main()
