# %% [markdown] id="title"
# # 5. PULSE and GFP-GAN: searching and answering
#
# Lesson 4 gave us a prior that draws faces. How does one restore with it? There are two ways.
#
# **PULSE** (Menon et al., 2020) *searches*: of all faces that the prior can draw, which one looks like the bad photo
# once it is made as small? **GFP-GAN** (Wang et al., 2021) *answers*: one pass through a network that has learned to
# steer the prior.
#
# This page needs about two minutes, and as much as lesson 4 if you skipped that.

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

# %% [markdown] id="prior"
# ## The prior
#
# The same command as in lesson 4. If its run is in `results`, nothing is left to do.

# %%
import shlex

from retrato.classroom.drawn_faces import drawn_faces, write_drawn_faces
from retrato.cli.main import retrato

ITERATIONS = 2 if QUICK else 1300
SHAPE = ["image_size=32", "channel_base=1024", "channel_max=64", "fold=1"]
SETTINGS = [
    *(f"task.{player}.{each}" for player in ("network", "discriminator") for each in SHAPE),
    "task.network.style_size=32",
    "task.network.mapping_layers=2",
    "task.generator_learning.learning_rate=0.004",
    "task.generator_learning.average_decay=0.98",
    "task.discriminator_learning.learning_rate=0.004",
    "task.penalty_weight=1",
    "task.penalty_every=8",
    "task.path_weight=0",
    "task.augmentation=null",
    "task.precision=fp32",
]


def train(command, settings):
    """What `retrato train ...` does in a terminal."""
    changes = " ".join(f"--set {each}" for each in settings)
    retrato(shlex.split(f"train {command} {changes}"), standalone_mode=False)


write_drawn_faces(RESULTS / "04_faces", 16 if QUICK else 2000, size=32)
prior = "stylegan2-256-compact --data results/04_faces --run results/04_prior --save-minutes 0.5"
train(f"{prior} --iterations {ITERATIONS}", SETTINGS)

# %% [markdown] id="task"
# ## The task
#
# Four faces that no training has seen, shrunk to 8 px. In the small pictures you still see light and dark. You do not
# see whether someone wears glasses.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from retrato.images.tensors import to_images, to_pictures
from retrato.restoration.pulse import PulseConfig, PulseRestorer, shrunk


def show(rows, labels, name):
    """Rows of pictures, each with its label; all are shown at the same size."""
    figure, grid = plt.subplots(len(rows), 1, figsize=(7, 1.75 * len(rows)), layout="constrained")
    for axes, row, label in zip(np.atleast_1d(grid), rows, labels, strict=True):
        enlarged = [np.kron(each, np.ones((32 // len(each), 32 // len(each), 1), np.uint8)) for each in to_images(row)]
        axes.imshow(np.hstack(enlarged), interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_ylabel(label, rotation=0, ha="right", va="center")
    figure.savefig(RESULTS / name)


truth = to_pictures(drawn_faces(4, size=32, seed=1))
small = shrunk(truth, 8)
show([small, truth], ["8 px", "truth"], "05_task.png")

# %% [markdown] id="pulse"
# ## PULSE: several guesses
#
# Each search begins at a place drawn by chance, draws a face, makes it small, compares, and takes a step towards a
# better fit, 100 times. Nothing is *learned*: the prior stays as it is. Here are three searches for each face, and
# below each face what it looks like at 8 px. The number is how far that is from what was given, in levels of 255.

# %%
pulse = PulseRestorer.from_weights(
    RESULTS / "04_prior" / "weights.safetensors", config=PulseConfig(steps=5 if QUICK else 100, shrink=4)
)
rows, labels = [small], ["given"]
for seed in range(3):
    guesses = [pulse.guess(each[None], seed) for each in small]
    rows += [torch.cat([guess.face for guess in guesses]), torch.cat([guess.small for guess in guesses])]
    misfit = np.mean([guess.misfit_levels for guess in guesses])
    labels += [f"guess {seed + 1}", f"at 8 px: {misfit:.0f}"]
show([*rows, truth], [*labels, "truth"], "05_pulse.png")
guessed = torch.stack(rows[1::2])

# %% [markdown] id="many"
# ## One small picture, many faces
#
# Compare the guesses of one column. All fit about equally well, and they are different faces: **8 px do not say who
# it is**, and no method can get out what is not in there. PULSE's authors say so themselves: it does not help to
# identify anybody. Soon after it had appeared, a small picture of Barack Obama went round the world that PULSE had
# turned into a white man: a prior draws what it was shown, and where the picture leaves room, it draws the majority
# of that.

# %% [markdown] id="gfpgan"
# ## GFP-GAN: one answer
#
# A U-Net takes the bad face, cleans it, gives the prior its styles, and steers half of its channels at each size (the
# picture is in docs/classroom.md). It begins with the *same prior*, `--prior`, and learns from degraded drawn faces.
#
# Ours learns by pixels alone, so where it cannot know it answers with the mean of what is possible: blur, as in
# lesson 3. Against that, the published GFP-GAN has adversaries for the face, both eyes and the mouth, and losses for
# looks and identity (lesson 7).

# %%
LEARNED = 2 if QUICK else 400
train(
    f"gfpgan-128-laptop --data results/04_faces --run results/05_gfpgan --iterations {LEARNED}"
    " --prior results/04_prior/weights.safetensors",
    [
        *(f"task.network.prior.{each}" for each in SHAPE),
        "task.network.prior.style_size=32",
        "task.adversary=null",
        "task.losses.perceptual=0",
        "task.losses.identity=0",
        "task.precision=fp32",
    ],
)

# %%
import torch.nn.functional as F

from retrato.restoration.restorer import GFPGANRestorer

gfpgan = GFPGANRestorer.from_weights(RESULTS / "05_gfpgan" / "weights.safetensors")
answered = gfpgan(F.interpolate(small, size=32, mode="bicubic").clamp(-1, 1))
show([small, guessed[0], answered, truth], ["given", "PULSE", "GFP-GAN", "truth"], "05_both.png")

# %% [markdown] id="numbers"
# ## Both in numbers
#
# How near is the result to the truth, and, made small again, to what was given? How long does it take? In the last
# row stands the mean of PULSE's guesses. It is blurred, and yet not farther from the truth than a sharp guess: PSNR
# rewards caution. Which of the three would you hang on a wall? Which would you show to a court?

# %%
import time

from retrato.metrics.psnr import psnr


def seconds(restore):
    """For one face."""
    started = time.perf_counter()
    restore(truth[:1])
    return f"{time.perf_counter() - started:.2f} s a face"


results = {
    "PULSE, one guess": (guessed[0], seconds(pulse)),
    "GFP-GAN": (answered, seconds(gfpgan)),
    "PULSE, mean of guesses": (guessed.mean(0), ""),
}
for name, (faces, duration) in results.items():
    to_truth, to_given = psnr(faces, truth).mean(), psnr(shrunk(faces, 8), small).mean()
    print(f"{name:24} truth {to_truth:.1f} dB, given {to_given:.1f} dB  {duration}")

# %% [markdown] id="which"
# ## Which one?
#
# | | PULSE | GFP-GAN |
# |---|---|---|
# | learns | nothing but the prior | on degraded faces |
# | takes | a search for each face | one pass |
# | follows the photo | as far as it is small | at every size, through the U-Net |
# | gives | several faces, sharp, often of somebody else | one face, nearer to the person |
# | shows its doubt | by several guesses | not by itself |
#
# Nearer, not the same: GFP-GAN, too, fills in what is missing. It only shows it less.

# %% [markdown] id="yours"
# ## Now you
#
# - Shrink to 4 px (`shrink=8`), or to 16. How different are the guesses?
# - Draw faces without glasses for the prior, and give both one *with* glasses.
# - `retrato guess` searches in a terminal. Give it a prior of faces that you have trained.
#
# Next: GFP-GAN on real photographs, **6. Restore your own photo**.
