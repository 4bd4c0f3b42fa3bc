"""What a discriminator is before it is one: a classifier (real or forged?) and a regressor (how blurred?).

    python examples/learn_to_judge.py             # on drawn shapes
    python examples/learn_to_judge.py faces/      # on pictures of your own, some hundreds or more

Both are one small network with one number at its end; what differs is what that number is compared with.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from retrato import Photo, write_image
from retrato.data import FaceImages, Framing, find_stored_images
from retrato.degradation.blur import blur, gaussian_kernels
from retrato.images.grids import Row, sheet
from retrato.images.tensors import from_levels, to_images
from retrato.losses import discriminator_loss

SIZE, COUNT, BATCH = 32, 1500, 64
HELD_OUT = 0.2
"""Share of the pictures that are not learned."""
MOST_BLUR = 2.0
"""Standard deviation of the widest blur, in pixels."""
SHOWN = 8


def main(folder: Path | None, target: Path, steps: int = 1000) -> None:
    """Learn both, say how well they do on pictures that were not learned, and show some of these."""
    torch.manual_seed(0)
    pictures = stored(folder) if folder else shapes()
    others, learned = pictures[: int(HELD_OUT * len(pictures))], pictures[int(HELD_OUT * len(pictures)) :]
    forge = forger(learned)
    is_real, blur_of = small_network(), small_network()

    def classified(real: Tensor) -> Tensor:
        return discriminator_loss(is_real(real), is_real(forge(len(real))))  # cross entropy: a GAN's loss is no other

    def regressed(sharp: Tensor) -> Tensor:
        blurred, sigma = blurred_by_chance(sharp)
        return F.l1_loss(blur_of(blurred)[:, 0], sigma)

    learn("classifier", is_real, classified, learned, steps)
    learn("regressor", blur_of, regressed, learned, steps)
    with torch.no_grad():
        rows = [*judged(is_real, others, forge(len(others))), measured(blur_of, *blurred_by_chance(others))]
    write_image(Photo(sheet(rows, row_height=96)), target, replace=True)
    print(f"look at {target}")


def judged(is_real: nn.Module, real: Tensor, forged: Tensor) -> list[Row]:
    """Say how many it told right; some of both, with how sure it is that they are real."""
    sure_of_real, sure_of_forged = (torch.sigmoid(is_real(each))[:, 0] for each in (real, forged))
    right = torch.cat([sure_of_real > 0.5, sure_of_forged < 0.5]).float().mean().item()
    print(f"classifier: {right:.1%} of {2 * len(real)} unseen pictures told right; whoever guesses: 50.0%")
    return [
        Row(
            to_images(pictures[:SHOWN]),
            f"{name}; real, it thinks: " + ", ".join(f"{each:.0%}" for each in sure[:SHOWN]),
        )
        for name, pictures, sure in (("real", real, sure_of_real), ("forged", forged, sure_of_forged))
    ]


def measured(blur_of: nn.Module, blurred: Tensor, sigma: Tensor) -> Row:
    """Say how far off it is; some pictures, with what it found."""
    found = blur_of(blurred)[:, 0]
    error, constant = ((each - sigma).abs().mean().item() for each in (found, sigma.median()))
    print(f"regressor: off by {error:.2f} px on average; whoever always says the same: {constant:.2f} px")
    words = [f"{mine:.1f} ({true:.1f})" for mine, true in zip(found[:SHOWN], sigma[:SHOWN], strict=True)]
    return Row(to_images(blurred[:SHOWN]), "blur found (true) in px: " + ", ".join(words))


def small_network() -> nn.Sequential:
    """A DCGAN's discriminator in small: three strided convolutions, and one number of what they see."""
    widths = (3, 16, 32, 64)
    layers = [
        layer
        for before, after in pairwise(widths)
        for layer in (nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2))
    ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (SIZE // 8) ** 2, 1))


def learn(name: str, network: nn.Module, loss_of: Callable[[Tensor], Tensor], pictures: Tensor, steps: int) -> None:
    """Make a loss smaller, on batch after batch."""
    adam = torch.optim.Adam(network.parameters(), 1e-3)
    for step in range(steps):
        loss = loss_of(pictures[torch.randint(len(pictures), (BATCH,))])
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % max(1, steps // 4) == 0:
            print(f"{name}, step {step}: loss {loss.item():.3f}")


def forger(pictures: Tensor) -> Callable[[int], Tensor]:
    """The simplest of all: it knows mean and covariance (eigenfaces; Turk and Pentland, 1991), and draws at random."""
    mean = pictures.flatten(1).mean(0)
    _, spread, directions = torch.linalg.svd(pictures.flatten(1) - mean, full_matrices=False)
    scaled = directions * (spread / len(pictures) ** 0.5)[:, None]
    return lambda count: (mean + torch.randn(count, len(scaled)) @ scaled).unflatten(1, (3, SIZE, SIZE)).clamp(-1, 1)


def blurred_by_chance(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Each by its own Gaussian, and its standard deviation in pixels."""
    sigma = MOST_BLUR * torch.rand(len(pictures))
    both = sigma.clamp(min=0.05)[:, None].expand(-1, 2)
    return blur(pictures, gaussian_kernels(both, torch.zeros(len(pictures)), 13)), sigma


def stored(folder: Path) -> Tensor:
    """The middles of pictures in a folder or archive, some of them where there are many."""
    images = FaceImages(find_stored_images([folder]), SIZE, framing=Framing.MIDDLE)
    return from_levels(torch.stack([images[index] for index in torch.randperm(len(images))[:COUNT].tolist()]))


def shapes() -> Tensor:
    """A disc, square or triangle of some colour each, on another."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(COUNT):
        paper, ink = (tuple(map(int, rng.integers(0, 256, 3))) for _ in range(2))
        canvas = np.full((SIZE, SIZE, 3), paper, np.uint8)
        (x, y), radius = rng.integers(10, SIZE - 10, 2), int(rng.integers(5, 10))
        corners = int(rng.choice([3, 4, 32]))
        angles = rng.uniform(0, 7) + np.arange(corners) * 2 * np.pi / corners
        outline = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1)
        drawn.append(cv2.fillPoly(canvas, [outline.round().astype(np.int32)], ink, cv2.LINE_AA))
    return from_levels(torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).contiguous())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, Path("results/judged.png"))
