# %% [markdown] id="title"
# # 7. Train your own small GFP-GAN
#
# From a folder of photos to a restorer of your own, in one page: faces are cut out, made bad in new ways each time,
# and the network learns to undo it. It is small (64 px, 2.2 million parameters) and will not be good. But it is
# *yours*, and you have seen every picture that it knows.
#
# This page needs about four minutes.

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

# %% [markdown] id="faces"
# ## The faces
#
# Name a folder of photos with people who agree to it, some hundred faces at least; `retrato prepare` cuts them out.
# Otherwise we take faces that a program draws, and nothing is downloaded.

# %%
import shlex

from retrato.classroom.drawn_faces import write_drawn_faces
from retrato.cli.main import retrato

MY_PHOTOS = None  # or "album/"


def in_terminal(command):
    """What `retrato ...` does in a terminal."""
    retrato(shlex.split(command), standalone_mode=False)


if MY_PHOTOS:
    in_terminal(f"prepare {shlex.quote(MY_PHOTOS)} --out results/07_faces --size 64")
else:
    write_drawn_faces(RESULTS / "07_faces", 16 if QUICK else 1000, size=64)
write_drawn_faces(RESULTS / "07_others", 16, size=64, seed=1)  # not learned, to measure on

# %% [markdown] id="bad"
# ## How faces go bad
#
# There are no pairs of old photos and what they once were. So we take good faces and make them bad: blur, shrink,
# noise, JPEG, in this order, each as strong as chance decides (GFP-GAN, section 4.1). **A restorer learns to undo
# what we have thought of**; what we have not, it does not know.

# %%
import matplotlib.pyplot as plt
import torch

from retrato.data import FaceImages, find_stored_images
from retrato.degradation import Preset, degrade, draw
from retrato.images.tensors import from_levels, tiled


def show(rows, labels, name):
    """Rows of pictures, each with its label."""
    figure, grid = plt.subplots(len(rows), 1, figsize=(10, 1.45 * len(rows)), layout="constrained")
    for axes, row, label in zip(grid, rows, labels, strict=True):
        axes.imshow(tiled(row, len(row)), interpolation="nearest")
        axes.set(ylabel=label, xticks=[], yticks=[])
    figure.savefig(RESULTS / name)


stored = FaceImages(find_stored_images([RESULTS / "07_others"]), 64)
others = from_levels(torch.stack([stored[index] for index in range(8)]))
worse, target = degrade(others, draw(torch.Generator().manual_seed(0), len(others), Preset.HEAVY.ranges))
show([worse, target], ["degraded", "target"], "07_pairs.png")

# %% [markdown] id="losses"
# ## What it learns
#
# The recipe `gfpgan-128-laptop`, at half its size. Four forces can pull at the network:
#
# - **pixels** and the **pyramid**: the result, and what the U-Net sees at each size, should be near the target;
# - **looks** and **identity**, by networks that see and that know people. Here they are off, since their files would
#   have to be downloaded (7 MB). If you are online, delete the two lines: on photographs they do most of the work;
# - the **adversary**: discriminators for the face, both eyes and the mouth, which ask for detail. It is off as well:
#   it joins when the restorer knows what a face is, after some thousand iterations.
#
# `keep_input=false` is the published network, which draws every pixel anew.

# %%
ITERATIONS = 2 if QUICK else 600
SETTINGS = [
    "task.network.prior.image_size=64",
    "task.network.keep_input=false",
    "task.losses.perceptual=0",
    "task.losses.identity=0",
    "task.adversary=null",
    "task.restorer.average_decay=0.98",
    "task.precision=fp32",
]
command = "train gfpgan-128-laptop --data results/07_faces --preview results/07_others --run results/07_mine"
for setting in SETTINGS:
    command += f" --set {setting}"
in_terminal(f"{command} --iterations {ITERATIONS} --save-minutes 0.5")

# %% [markdown] id="numbers"
# ## The numbers of the run
#
# The run folder has them as JSON lines, and for TensorBoard. They fall fast and then slowly; each iteration has other
# faces, made bad in other ways, so the curve never gets smooth.

# %%
import json

with (RESULTS / "07_mine" / "scalars.jsonl").open() as lines:
    numbers = [json.loads(line) for line in lines]
figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
for name in ("loss/pixel", "loss/pyramid"):
    axes.plot([each["iteration"] for each in numbers], [each[name] for each in numbers], label=name)
axes.set(xlabel="iteration", yscale="log")
axes.legend()
figure.savefig(RESULTS / "07_numbers.png")

# %% [markdown] id="result"
# ## Does it restore?
#
# Faces that it has not learned from, made very bad. PSNR rewards caution, so look as well: are the eyes two, do they
# look somewhere?

# %%
from retrato.metrics.psnr import psnr
from retrato.restoration.restorer import GFPGANRestorer

mine = GFPGANRestorer.from_weights(RESULTS / "07_mine" / "weights.safetensors")
restored = mine(worse)
show([worse, restored, target], ["degraded", "restored", "target"], "07_restored.png")

# %% [markdown] id="light"
# ## And faces that are nearly good?
#
# The same in numbers, for three strengths of degradation. Where the photo was bad, the restorer wins; where it was
# good, it does harm: it draws anew what was there already. Therefore retrato's own models also learn how much of each
# pixel to *keep* (lesson 6), and `--strength` takes less of the result.

# %%
for preset in (Preset.HEAVY, Preset.PAPER, Preset.LIGHT):
    given, wanted = degrade(others, draw(torch.Generator().manual_seed(0), len(others), preset.ranges))
    before, after = psnr(given, wanted).mean(), psnr(mine(given), wanted).mean()
    print(f"{preset:6} degraded: {before:.2f} dB, restored: {after:.2f} dB")

# %% [markdown] id="stranger"
# ## A stranger
#
# Now a photograph, for a network that has seen drawings alone. It does what it knows: it makes flat colours and clean
# edges of a real face. Every restorer does so with what it has never met, children, old age, a beard, a skin colour
# that was rare in training; only less visibly.

# %%
from skimage.data import astronaut

from retrato import MTCNNDetector
from retrato.faces.alignment import cut_out
from retrato.images.tensors import to_pictures

image = astronaut()
face = to_pictures([cut_out(image, MTCNNDetector.bundled()(image)[0].landmarks, 64).image])
bad, good = degrade(face.expand(4, -1, -1, -1), draw(torch.Generator().manual_seed(1), 4, Preset.HEAVY.ranges))
show([bad, mine(bad), good], ["degraded", "restored", "target"], "07_stranger.png")

# %% [markdown] id="yours"
# ## Now you
#
# - Do your own photos: `MY_PHOTOS`. How many faces does it take?
# - On whole photos: `retrato restore grandmother.jpg --weights results/07_mine/weights.safetensors`
# - Go on from the model that comes with retrato: `retrato train gfpgan-256-compact --start-from bundled ...`
# - Measure, with intervals, beside what anybody would try first: `retrato compare` (docs/evaluation.md).
# - docs/training.md has all of GFP-GAN's losses, several GPUs, and what to do when it goes wrong.
