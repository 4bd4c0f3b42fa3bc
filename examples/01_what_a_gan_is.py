# %% [markdown] id="title"
# # 1. What a GAN is: forger and police
#
# A **forger** makes banknotes, the **police** look at notes and say which are real. At first both are bad at it.
# Every note that is found out teaches the forger, every forged note that passes teaches the police, and in the end
# the forger's notes cannot be told from real ones. Two neural networks can play this game: that is a *generative
# adversarial network*, a GAN (Goodfellow et al., 2014). It is the oldest part of GFP-GAN, the restorer that this
# course leads to.
#
# Here the banknotes are points in a plane, so that we can see everything. This page needs about a minute.

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

# %% [markdown] id="real"
# ## What is real
#
# Real points lie in eight narrow heaps on a circle. Nobody tells the forger so: it never sees a real point, only what
# the police think of its own.

# %%
import math

import matplotlib.pyplot as plt
import torch

from retrato.classroom.distributions import Distribution, covered_modes

real = Distribution.RING.draw(torch.Generator().manual_seed(1), 1000)
figure, axes = plt.subplots(figsize=(4, 4))
axes.scatter(*real.T.numpy(), s=3, color="#222222")
axes.set(xlim=(-3, 3), ylim=(-3, 3), title="real points")
figure.savefig(RESULTS / "01_real.png")

# %% [markdown] id="players"
# ## Two networks
#
# The forger $G$ turns noise $z$, four random numbers, into a point $G(z)$. The police $D$ say for a point how likely
# it is real, from 0 to 1. Both are small: two hidden layers of 64 neurons. They play for one number,
#
# $$V(D, G) = \mathbb{E}\,\log D(x) + \mathbb{E}\,\log(1 - D(G(z)))$$
#
# which the police want large and the forger small: *min-max*. If the police can only guess, $D = 1/2$ everywhere and
# $V = -\log 4 \approx -1.39$. The paper proves that this is where the game ends if both are strong enough, and that
# the forged points are then distributed as the real ones.

# %%
from retrato.classroom.minmax import MinMaxConfig, MinMaxGame

ITERATIONS = 60 if QUICK else 3000
game = MinMaxGame(MinMaxConfig(Distribution.RING, iterations=ITERATIONS))
print(game.forger.network)
print(game.police.network)

# %% [markdown] id="turns"
# ## The game
#
# In each turn the police learn from real and forged points, then the forger learns from the police. We stop four
# times to look. The colours are the police's opinion of every place: blue, "real"; red, "forged"; white, "I cannot
# tell". The forger climbs this landscape towards the blue.

# %%
ticks = torch.linspace(-3, 3, 60)
places = torch.cartesian_prod(ticks, ticks)
STOPS = [ITERATIONS // 20, ITERATIONS // 6, ITERATIONS // 2, ITERATIONS]


def play(game):
    """All scenes of a game, and the police's opinion of every place at each stop."""
    scenes, opinions = [], {}
    for scene in game.play(scene_every=ITERATIONS // 60):
        scenes.append(scene)
        if scene.iteration in STOPS:
            opinions[scene.iteration] = game.is_real(places).unflatten(0, (60, 60)).T.numpy()
    return scenes, opinions


def show(scenes, opinions, name):
    """The game at its stops."""
    figure, row = plt.subplots(1, len(STOPS), figsize=(14, 4), layout="constrained")
    for axes, stop in zip(row, STOPS, strict=True):
        forged = next(scene.forged for scene in scenes if scene.iteration == stop)
        axes.imshow(opinions[stop], cmap="RdBu", vmin=0, vmax=1, extent=(-3, 3, -3, 3), origin="lower")
        axes.scatter(*real.T.numpy(), s=2, color="#222222")
        axes.scatter(*forged.T.numpy(), s=2, color="#c2410c")
        axes.set(xlim=(-3, 3), ylim=(-3, 3))
        axes.set_title(f"iteration {stop}: {covered_modes(Distribution.RING, forged)} of 8 heaps")
    figure.savefig(RESULTS / name)


scenes, opinions = play(game)
show(scenes, opinions, "01_game.png")

# %% [markdown] id="collapse"
# ## Mode collapse
#
# First the forger throws nearly all its points to one side, where the police look away; the police turn to look
# there, and the forger moves on. Later the points find the heaps, but not always all of them: the count is above each
# picture. A forger that makes only some of what is real has *collapsed modes*. No rule of the game forbids it: the
# police judge one point at a time, and each of those points is fine.

# %% [markdown] id="penalty"
# ## Gentle police: R1
#
# Police who change their mind from one step to the next give no direction to a point that is far away. **R1**
# (Mescheder et al., 2018) makes it dear to be steep at real points. StyleGAN2 and GFP-GAN use exactly this penalty on
# faces.

# %%
gentle = MinMaxGame(MinMaxConfig(Distribution.RING, iterations=ITERATIONS, penalty_weight=1.0))
gentle_scenes, gentle_opinions = play(gentle)
show(gentle_scenes, gentle_opinions, "01_game_r1.png")

# %% [markdown] id="value"
# ## Who is winning?
#
# $V$ over time. Above the dotted line the police are better than guessing. Note what this does *not* say: a value
# near $-\log 4$ can mean a perfect forger, or police that are too weak. This is why nobody measures a GAN by its
# losses; people look at the pictures, or compare sets of pictures (docs/metrics.md has FID, KID, precision and
# recall).

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for label, story in (("no R1", scenes), ("R1", gentle_scenes)):
    axes.plot([each.iteration for each in story], [each.value for each in story], label=label)
axes.axhline(-math.log(4), color="#222222", linestyle=":", label="the police can only guess")
axes.set(xlabel="iteration", ylabel="V(D, G)")
axes.legend()
figure.savefig(RESULTS / "01_value.png")

# %% [markdown] id="yours"
# ## Now you
#
# - Give the police five steps for each of the forger's: `MinMaxConfig(..., police_steps=5)`. Does it still learn?
# - Take `Distribution.GRID`, 25 heaps close together. Does R1 help there? How does less of it do?
# - Change `seed`. How much of what you believed a minute ago was luck?
# - `retrato minmax ring -o ring.gif --r1 1` makes a film of the game.
#
# Next: the same game with pictures, **2. DCGAN**.
