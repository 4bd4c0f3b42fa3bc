# %% [markdown] id="title"
# # 6. Restore your own photo
#
# Now GFP-GAN itself, on a photograph, with the model that comes inside retrato: nothing is downloaded, and no photo
# leaves this machine. (On Colab, this machine is Google's.) We look at more than the result: what the model has
# changed, where it is unsure, and how to tell people.
#
# This page needs less than a minute.

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

# %% [markdown] id="photo"
# ## The photo
#
# Put the name of your own photo in place of `None`. Otherwise we take a portrait of Eileen Collins, astronaut (NASA,
# public domain; it comes inside scikit-image), and make it bad ourselves: blurred, noisy, compressed. That has one
# advantage: we know the truth, and can compare.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from skimage.data import astronaut

from retrato import MTCNNDetector, Photo, PhotoRestorer, read_image, write_image
from retrato.degradation import Preset, degrade, draw
from retrato.images.tensors import to_image, to_pictures

MY_PHOTO = None  # or "grandmother.jpg"


def show(images, titles, name):
    """Images side by side."""
    figure, row = plt.subplots(1, len(images), figsize=(4 * len(images), 4.4), layout="constrained")
    for axes, image, title in zip(row, images, titles, strict=True):
        axes.imshow(image, cmap="magma")
        axes.set_axis_off()
        axes.set_title(title)
    figure.savefig(RESULTS / name)


def made_bad(image, seed):
    """The photo, degraded as GFP-GAN's training degrades faces, by the size of its face."""
    left_eye, right_eye, *_ = MTCNNDetector.bundled()(image)[0].landmarks
    face_size = 4 * float(
        np.hypot(*(right_eye - left_eye))
    )  # aligned faces are four times as wide as the eyes' distance
    record = draw(torch.Generator().manual_seed(seed), 1, Preset.PAPER.ranges)
    return to_image(degrade(to_pictures([image]), record, face_size)[0][0])


truth = None if MY_PHOTO else astronaut()[:300, 60:360]
photo = read_image(MY_PHOTO) if MY_PHOTO else Photo(made_bad(truth, seed=7))

# %% [markdown] id="restore"
# ## Restore
#
# Three lines. Behind them: a detector finds the faces (MTCNN), each is turned upright and cut out, GFP-GAN restores
# it, and what has *changed* is added to the photo. Everything outside the faces stays as it was.

# %%
restore = PhotoRestorer.from_weights("bundled")
result = restore(photo)
print(f"{len(result.faces)} face(s);", {step: f"{seconds:.2f} s" for step, seconds in result.seconds.items()})

before_and_after = [photo.image, result.image] + ([] if truth is None else [truth])
show(before_and_after, ["photo", "restored", "truth"][: len(before_and_after)], "06_restored.png")

# %% [markdown] id="changed"
# ## What has changed?
#
# The model sees the aligned crop. This model also says how much of each pixel it *keeps* of the photo (bright), and
# how much it draws anew (dark). On the right: how much the result differs from the photo, in grey levels.

# %%
from retrato.weights.load import load_gfpgan

face = result.faces[0]
network = load_gfpgan("bundled").eval()
with torch.no_grad():
    _, features = network.unet(to_pictures([face.crop.image]))
    kept = network.keep(features[-1])[0, 0].numpy()
change = np.abs(face.restored.astype(float) - face.crop.image).mean(2)
show(
    [face.crop.image, face.restored, kept, change],
    ["crop", "restored", f"kept: {kept.mean():.0%} on average", f"changed: {change.mean():.1f} levels on average"],
    "06_changed.png",
)

# %% [markdown] id="sure"
# ## How sure is it?
#
# The model gives one answer and no doubt. So we ask again: the same photo with a trace of noise, which nobody would
# see with the naked eye. Where the photo decides, the answers agree; where they differ (bright), chance has decided,
# and **there you should believe the least**. The other way round it proves nothing: the model can be sure and wrong.

# %%
ASKED = 3 if QUICK else 12
crop = to_pictures([face.crop.image])
rng = torch.Generator().manual_seed(0)
asked_again = torch.cat([crop + 0.03 * torch.randn(crop.shape, generator=rng) for _ in range(ASKED)])
answers = restore.restore_faces(asked_again.clamp(-1, 1))
doubt = answers.std(0).mean(0).numpy()
show(
    [to_image(asked_again[0]), to_image(answers[0]), to_image(answers[1]), doubt],
    ["asked", "one answer", "another", "where answers differ"],
    "06_doubt.png",
)

# %% [markdown] id="truth"
# ## Compared with the truth
#
# Where we know it. PSNR says how close the pixels are, in decibels, more is better; a blurred face can have a good
# one. Whether it is still the same *person* is another question: `retrato evaluate restoration` measures it with a
# network that recognises people, and calls it identity. Where nobody knows the truth, retrato asks such a network how
# much of a person the photo shows, and whether the restored face is still that one; a face whose **trust** is below
# 0.4 is *largely guessed*.

# %%
from retrato.metrics.psnr import psnr

if truth is not None:
    target = to_pictures([truth])
    for name, image in (("photo", photo.image), ("restored", result.image)):
        print(f"{name}: {psnr(to_pictures([image]), target).item():.2f} dB")
print(f"trust: {face.trust:.2f}")

# %% [markdown] id="less"
# ## Less may be more
#
# `Strength` mixes the restored face with the photo's own, and for eyes and mouth by themselves.

# %%
from retrato.faces.strength import Strength

gentle = [
    PhotoRestorer.from_weights("bundled", strength=strength)(photo).image
    for strength in (Strength.everywhere(0.3), Strength.everywhere(0.6), Strength(skin=0.5, eyes=1.0, mouth=1.0))
]
show(gentle, ["0.3", "0.6", "skin 0.5, eyes and mouth 1"], "06_strength.png")

# %% [markdown] id="mark"
# ## Say so
#
# Retrato writes into the file that a model has restored the faces, and which. Programs show it among the picture's
# properties. Marks can be removed, and social networks do remove them: so write it under the picture as well, and
# keep the original.

# %%
import PIL.Image
from PIL.ExifTags import Base

write_image(result.photo, RESULTS / "06_restored.jpg", replace=True)
with PIL.Image.open(RESULTS / "06_restored.jpg") as file:
    print(file.getexif()[Base.ProcessingSoftware])

# %% [markdown] id="yours"
# ## Now you
#
# - Restore a photo of yourself that you have made small before, `retrato degrade`. Is it you? Ask your friends.
# - Restore the *good* portrait. How much does the model change what was not broken?
# - Where would a restored picture do harm? docs/misuse.md has cases, and what to tell people.
#
# Next: a restorer of your own, **7. Train your own GFP-GAN**.
