# %% [markdown] id="title"
# # 3. Pix2Pix: pictures out of pictures
#
# A GAN draws *something*. To restore a photo we need a picture that fits to another picture. **Pix2Pix** (Isola et
# al., 2017) is a GAN with a question: a *source* goes in, a *translated* picture comes out, and in training there is
# a *target*, the right answer. We translate pencil drawings into coloured faces.
#
# The faces are drawn by a program that comes with retrato: nobody's photograph is needed. This page needs about three
# minutes.

# %%
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("retrato") is None:  # on Colab, for one
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "retrato[samples,train]"], check=True)
QUICK = "RETRATO_QUICK" in os.environ  # for tests: the same code, less of everything
RESULTS = Path("results")  # figures go here, too
RESULTS.mkdir(exist_ok=True)

# %% [markdown] id="pairs"
# ## Pairs
#
# To learn from, we need pairs, and they are easy to make backwards: of each coloured face, Canny's method finds the
# edges (1986). The way from the drawing to the face is what the network has to learn. Much is missing in the drawing:
# what colour the hair has, for one. Remember that.

# %%
import matplotlib.pyplot as plt
import numpy as np

from retrato.classroom.drawn_faces import drawn_faces, write_drawn_faces
from retrato.translation import drawn_edges


def show(rows, labels, name):
    """Rows of images, each with its label."""
    figure, grid = plt.subplots(len(rows), 1, figsize=(10, 1.45 * len(rows)), layout="constrained")
    for axes, row, label in zip(np.atleast_1d(grid), rows, labels, strict=True):
        axes.imshow(np.hstack(row))
        axes.set(ylabel=label, xticks=[], yticks=[])
    figure.savefig(RESULTS / name)


write_drawn_faces(RESULTS / "03_faces", 16 if QUICK else 600, size=72)
unseen = drawn_faces(8, size=64, seed=1)  # no training sees these
drawings = [drawn_edges(face) for face in unseen]
show([drawings, unseen], ["source", "target"], "03_pairs.png")

# %% [markdown] id="network"
# ## U-Net and PatchGAN
#
# The **U-Net** makes the picture smaller and smaller, until it is one dot with many channels, and then larger again.
# On the way up it is handed at each size what it had seen on the way down: without these *skips* it would have to
# remember where each line was. GFP-GAN's first half is such a U-Net.
#
# The discriminator, a **PatchGAN**, judges no whole picture, only patches, and it sees source and translation
# together: "does this belong to that?"
#
# The loss has two parts: the adversary's, and 100 times the mean difference of pixels (L1).

# %%
from retrato.networks.pix2pix import PatchDiscriminator, UNet
from retrato.training.recipes import recipe

config = recipe("pix2pix-64-laptop").task
for network in (UNet(config.network), PatchDiscriminator(config.discriminator)):
    print(type(network).__name__, f"{sum(each.numel() for each in network.parameters()):,} parameters")

# %% [markdown] id="training"
# ## Training
#
# `retrato train` does what we wrote by hand in lesson 2, and keeps checkpoints. This is the command as one would give
# it in a terminal. Ran it already? Then it finds its finished run and goes on at once.

# %%
import shlex

from retrato.cli.main import retrato


def in_terminal(command):
    """What `retrato ...` does in a terminal."""
    retrato(shlex.split(command), standalone_mode=False)


ITERATIONS = 2 if QUICK else 1000
training = f"train pix2pix-64-laptop --data {(RESULTS / '03_faces').as_posix()} --iterations {ITERATIONS}"
in_terminal(f"{training} --run results/03_edges")

# %% [markdown] id="l1"
# ## What is the adversary for?
#
# The same without it: only the difference of pixels counts. A drawing does not say what colour the hair has; what
# then makes the mean difference smallest? No hair colour at all, but the middle of all that are possible: brown, and
# blurred. The adversary does not let that pass. After so short a training it leaves patterns of its own.

# %%
in_terminal(f"{training} --run results/03_pixels_alone --set task.adversarial_weight=0")

# %%
from retrato.images.tensors import to_images, to_pictures
from retrato.translation import Translator

with_adversary = Translator.from_weights("results/03_edges/weights.safetensors")
pixels_alone = Translator.from_weights("results/03_pixels_alone/weights.safetensors")
sources = to_pictures(drawings)
show(
    [drawings, to_images(pixels_alone(sources)), to_images(with_adversary(sources)), unseen],
    ["source", "pixels alone", "adversary", "target"],
    "03_translated.png",
)

# %% [markdown] id="guess"
# ## Plausible is not true
#
# Compare the last two rows. Lines are followed closely, for they were in the source. Hair, skin and clothes often
# have another colour than the target: the source did not say, so the network took something that goes with such a
# drawing. It does not mark what it has made up. **A restored photograph is the same**: what the photo still shows is
# followed, what it no longer shows is filled in with something plausible, and both look equally certain.

# %% [markdown] id="draw"
# ## Draw a face yourself
#
# Change the numbers, or load a drawing of your own: black lines on white, 64 px.

# %%
import cv2

mine = np.full((64, 64, 3), 255, np.uint8)
cv2.ellipse(mine, (32, 33), (17, 22), 0, 0, 360, (0, 0, 0))  # head
cv2.ellipse(mine, (32, 28), (20, 20), 0, 180, 360, (0, 0, 0))  # hair
cv2.ellipse(mine, (32, 22), (16, 3), 0, 0, 180, (0, 0, 0))  # fringe
for eye in (24, 40):
    cv2.ellipse(mine, (eye, 30), (4, 2), 0, 0, 360, (0, 0, 0))
    cv2.line(mine, (eye - 4, 25), (eye + 4, 25), (0, 0, 0))
cv2.line(mine, (32, 31), (31, 39), (0, 0, 0))  # nose
cv2.ellipse(mine, (32, 44), (7, 4), 0, 0, 180, (0, 0, 0))  # mouth
show([[mine, *to_images(with_adversary(to_pictures([mine])))]], ["yours"], "03_mine.png")

# %% [markdown] id="yours"
# ## Now you
#
# - `--set task.pairs=grey` learns to colour grey pictures, `--set task.pairs=degraded` to restore degraded ones. With
#   the second, Pix2Pix does GFP-GAN's work; `retrato compare` shows how well.
# - What does the network make of an empty sheet? Of three eyes?
# - Seeds drop features by chance: `Translator.from_weights(..., noise_seed=1)`. Does that give other hair colours?
#   The paper found, too, that it hardly does. For several answers to one question see lesson 5.
#
# Next: a network that knows faces before it sees a photo, **4. The prior**.
