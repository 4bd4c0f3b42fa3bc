"""Pictures a second of the restorer's training step, for the compact recipe with and without folding.

    python benchmarks/train_step.py

All in one run, so that the ratios hold on a noisy machine. The losses of the recipe are left out: a pixel loss alone
drives the step.
"""

import time
from dataclasses import replace

import torch

from retrato.losses import pixel_loss
from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
from retrato.training.player import Player
from retrato.training.recipes import gfpgan_256_compact

BATCH = 8
STEPS = 4


def main() -> None:
    """Measure and print a table."""
    recipe = gfpgan_256_compact()
    network = recipe.task.network
    kinds = {
        "compact recipe": network,
        "the same, not folded": replace(network, prior=replace(network.prior, fold=1)),
    }
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, batches of {BATCH}\n")
    print("| network | parameters | bf16 pictures/s | float32 pictures/s |\n|---|---|---|---|")
    for name, config in kinds.items():
        parameters = sum(each.numel() for each in GFPGAN(config).parameters()) / 1e6
        rates = [pictures_per_second(config, bf16) for bf16 in (True, False)]
        print(f"| {name} | {parameters:.1f} M | {rates[0]:.2f} | {rates[1]:.2f} |")


def pictures_per_second(config: GFPGANConfig, bf16: bool) -> float:
    """Forward, backward, optimiser and average."""
    network = GFPGAN(config).to(memory_format=torch.channels_last)
    player = Player(network, gfpgan_256_compact().task.restorer)
    pictures = torch.rand(BATCH, 3, config.image_size, config.image_size).contiguous(memory_format=torch.channels_last)
    started = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            started = time.perf_counter()  # the first step allocates
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            restored, _ = network(pictures)
        player.minimize(pixel_loss(restored, pictures), step)
    return BATCH * STEPS / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
