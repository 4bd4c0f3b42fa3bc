# %% [markdown] id="title"
# # 4. The prior: a network that knows faces
#
# GFP-GAN's full name is *generative facial prior* GAN. A **prior** is what one knows before looking. Someone who has
# seen thousands of faces knows that there are two eyes at the same height, even where a photo shows only a smudge.
# Here it is a **StyleGAN2** (Karras et al., 2020), a generator that has learned to draw faces of nobody.
#
# We train a very small one, for drawn faces of 32 px, and look into its *latent space*. This page needs about four
# minutes. The published prior learned from 70,000 photographs, for 800,000 iterations.

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
# Drawn by a program: skin, hair, eyes, light and smile by chance. No one is on these pictures.

# %%
import matplotlib.pyplot as plt
import torch

from retrato.classroom.drawn_faces import drawn_faces, write_drawn_faces
from retrato.images.tensors import tiled, to_pictures


def show(pictures, columns, name, title):
    """Pictures in rows of so many."""
    figure, axes = plt.subplots(figsize=(columns, -(-len(pictures) // columns) + 0.6), layout="constrained")
    axes.imshow(tiled(pictures, columns), interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title)
    figure.savefig(RESULTS / name)


write_drawn_faces(RESULTS / "04_faces", 16 if QUICK else 2000, size=32)
show(to_pictures(drawn_faces(20, 32)), 10, "04_real.png", "drawn by a program")

# %% [markdown] id="network"
# ## Styles
#
# DCGAN makes a picture of its latents at once. StyleGAN2 first *maps* the latents $z$ to a **style** $w$, by a few
# layers. Then it begins with the same 4 x 4 constant for every face, and doubles its size again and again; at each
# size the style says how strongly each channel counts. The same style goes to all layers, or different ones to
# different layers: we shall mix them.
#
# The published one has 512 px and 25 to 30 million parameters. Ours is small enough for a few minutes; each `--set`
# changes one thing of the recipe.

# %%
import shlex

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
command = "train stylegan2-256-compact --data results/04_faces --run results/04_prior --save-minutes 0.5"
for setting in SETTINGS:
    command += f" --set {setting}"
retrato(shlex.split(f"{command} --iterations {ITERATIONS}"), standalone_mode=False)

# %% [markdown] id="learned"
# ## What has it learned, and in which order?
#
# The run folder keeps previews, always of the same 16 latents: colours of the picture first, then a head, hair, and
# at last what is in the face. The averaged weights draw them, those that one uses afterwards.

# %%
from retrato.images.files import read_image

previews = sorted((RESULTS / "04_prior" / "previews").glob("*.png"))
chosen = [previews[round(place * (len(previews) - 1) / 3)] for place in range(4)]
figure, row = plt.subplots(1, 4, figsize=(14, 4), layout="constrained")
for axes, path in zip(row, chosen, strict=True):
    axes.imshow(read_image(path).image, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(f"iteration {int(path.stem)}")
figure.savefig(RESULTS / "04_previews.png")

# %% [markdown] id="truncation"
# ## Truncation: ordinary or unusual
#
# The mean of many styles gives the face that the prior finds most ordinary (left). From there we go out towards four
# others: more character, and more that goes wrong. `retrato generate` stays at 0.7 unless it is told otherwise.

# %%
from retrato.generation import draw_styles, each_face, mean_style, style_loop, style_mixing, truncation_sweep
from retrato.weights.load import load_stylegan2

prior = load_stylegan2(RESULTS / "04_prior" / "weights.safetensors").eval().requires_grad_(False)
rng = torch.Generator().manual_seed(0)
styles = draw_styles(prior, 8, rng)
mean = mean_style(prior)


def drawn(styles):
    """The faces of styles."""
    return torch.stack(list(each_face(prior, styles)))


strengths = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
show(drawn(truncation_sweep(styles[:4], mean, strengths)), len(strengths), "04_truncation.png", "0, 0.2, ... 1")

# %% [markdown] id="mixing"
# ## Mixing styles
#
# Rows give the style of the coarse layers (4 and 8 px), columns that of the fine ones. What comes from the row, what
# from the column? On photographs the coarse layers decide pose and the shape of the face, the fine ones colours.

# %%
show(
    drawn(style_mixing(styles[:4], styles[4:], cut=4)), 4, "04_mixing.png", "coarse from the row, fine from the column"
)

# %% [markdown] id="walk"
# ## A walk
#
# On straight lines from style to style, and back to the first. `retrato generate ... --as film` makes a film of it.

# %%
show(drawn(style_loop(styles[:4], 8)), 8, "04_walk.png", "from each style to the next")

# %% [markdown] id="direction"
# ## Directions mean something
#
# Nobody told the prior what hair is. Still there is a *direction* in its space for "lighter hair": the mean style of
# the faces with the lightest hair, less that of those with the darkest. Add it to any style. What else changes along
# with it? That is a *correlation* that it has learned, and a restorer that asks this prior will have it, too.

# %%
many = draw_styles(prior, 64 if QUICK else 1000, rng)
hair = drawn(many)[:, :, 4:8, 12:20].mean((1, 2, 3))  # brightness above the forehead
order = hair.argsort()
share = len(order) // 5
lighter = (many[order[-share:]].mean(0) - many[order[:share]].mean(0))[None]
steps = torch.linspace(-0.9, 0.9, 7)
show(
    drawn(torch.cat([style + step * lighter for style in styles[:3, None] for step in steps])),
    len(steps),
    "04_direction.png",
    "towards darker and lighter hair",
)

# %% [markdown] id="knows"
# ## What it does not know
#
# The program that drew the faces has no beards, no children, no hats. So the prior cannot draw any; and a restorer
# that relies on it will not give anybody a hat. **Look at what a prior was trained on, before you believe what it
# restores.** The model card of retrato's bundled model says it (src/retrato/weights/bundled/gfpgan-256-compact.md).

# %% [markdown] id="yours"
# ## Now you
#
# - Find the direction for a smile: which pixels would you measure?
# - More iterations prolong the run: change `ITERATIONS` and run the cell again.
# - `retrato generate results/04_prior/weights.safetensors -o faces.gif --as film`
#
# Next: use this prior to restore, **5. PULSE and GFP-GAN**.
