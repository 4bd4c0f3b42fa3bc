# %% [markdown] id="title"
# # 2. DCGAN: pictures out of noise
#
# The game of forger and police, now with pictures. Until 2016 that mostly failed; then Radford, Metz and Chintala
# found networks with which it works: **DCGAN**, the *deep convolutional* GAN. We teach one to write digits. The real
# ones come inside scikit-learn: 1,797 digits, 8 px wide, by 13 people (Alpaydin and Kaynak, 1998). Nothing is
# downloaded.
#
# This page needs about two minutes.

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
# A picture is a tensor of three colours, height and width, with values from -1 (black) to 1 (white). We enlarge the
# digits to 20 px and put a black border around them, which makes 28.

# %%
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

digits = torch.from_numpy(load_digits().images).float()[:, None] / 16  # (1797, 1, 8, 8), 0 to 1
larger = torch.nn.functional.interpolate(digits, size=20, mode="bicubic").clamp(0, 1)
real_digits = torch.nn.functional.pad(larger, (4, 4, 4, 4)).expand(-1, 3, -1, -1) * 2 - 1  # (1797, 3, 28, 28), -1 to 1


def show(pictures, columns, name, title):
    """Pictures in rows of so many."""
    rows = [torch.cat(list(row), 2) for row in pictures.split(columns)]
    figure, axes = plt.subplots(figsize=(columns, len(rows) + 0.6), layout="constrained")
    axes.imshow((torch.cat(rows, 1).permute(1, 2, 0).numpy() + 1) / 2)
    axes.set_axis_off()
    axes.set_title(title)
    figure.savefig(RESULTS / name)


show(real_digits[:20], 10, "02_real.png", "real digits")

# %% [markdown] id="players"
# ## The networks
#
# The forger, from now on **generator**, gets 100 random numbers, the *latents*. It makes a picture of 7 px with many
# channels of them, and doubles its size twice by transposed convolutions. The police, the **discriminator**, go the
# other way: convolutions with stride 2, down to one number, the *logit*: positive for "real". Everything else is the
# paper's recipe too: batch normalisation, ReLU here and leaky ReLU there, Adam with learning rate 0.0002 and beta
# 0.5.

# %%
from retrato.networks.dcgan import DCGAN, DCGANConfig, DCGANDiscriminator, DCGANDiscriminatorConfig

torch.manual_seed(0)
generator = DCGAN(DCGANConfig(image_size=28, latent_size=100, channels=32))
discriminator = DCGANDiscriminator(DCGANDiscriminatorConfig(image_size=28, channels=32))
for name, network in (("generator", generator), ("discriminator", discriminator)):
    print(name, f"{sum(parameter.numel() for parameter in network.parameters()):,} parameters")
features = torch.zeros(1, 100, 1, 1)
for layer in (generator.project, *generator.doublings, generator.to_pictures):
    features = layer(features)
    print("->", tuple(features.shape[1:]))

# %% [markdown] id="losses"
# ## One step
#
# Both losses are two lines. The discriminator should give real pictures large logits and drawn ones small logits. The
# generator wants its pictures taken for real: it makes $-\log D(G(z))$ small instead of $\log(1 - D(G(z)))$, for the
# second has hardly any slope where the discriminator is sure, which of pictures it soon is.
#
# `detach()` is the one trap: while the discriminator learns, nothing may flow back into the generator.

# %%
from retrato.losses import discriminator_loss, generator_loss

learn_to_draw = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
learn_to_judge = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))


def step(real):
    """The discriminator learns, then the generator; how often the discriminator was right, in both kinds."""
    latents = torch.rand(len(real), 100) * 2 - 1
    drawn = generator(latents)
    real_logits, drawn_logits = discriminator(real), discriminator(drawn.detach())
    learn_to_judge.zero_grad()
    discriminator_loss(real_logits, drawn_logits).backward()
    learn_to_judge.step()
    learn_to_draw.zero_grad()
    generator_loss(discriminator(drawn)).backward()
    learn_to_draw.step()
    return (real_logits > 0).float().mean().item(), (drawn_logits < 0).float().mean().item()


# %% [markdown] id="training"
# ## Training
#
# All that is left is to repeat it. From time to time the generator draws the same 8 latents again: each row is the
# same noise, later in its training.

# %%
ITERATIONS, BATCH = (4, 16) if QUICK else (2000, 64)
SHOWN = torch.rand(8, 100) * 2 - 1
STOPS = sorted({round(ITERATIONS * share) for share in (0.02, 0.1, 0.25, 0.5, 1.0)})


@torch.no_grad()
def draw(latents):
    """Pictures by a generator that is not learning: batch normalisation uses the averages it has seen."""
    generator.eval()
    pictures = generator(latents)
    generator.train()
    return pictures


stages, right = [], []
for iteration in range(1, ITERATIONS + 1):
    batch = real_digits[torch.randint(len(real_digits), (BATCH,))]
    right.append(step(batch))
    if iteration in STOPS:
        stages.append(draw(SHOWN))
        print(f"iteration {iteration}: right about {right[-1][0]:.0%} of real digits, {right[-1][1]:.0%} of drawn ones")
show(torch.cat(stages), 8, "02_stages.png", f"the same latents after {', '.join(map(str, STOPS))} iterations")

# %% [markdown] id="result"
# ## Digits of no hand
#
# Loops and hooks come first, then strokes of even width, then digits. Some lie between two digits: the generator has
# never been told that there are ten kinds. And look for twins: does it draw all ten equally often?

# %%
show(draw(torch.rand(40, 100) * 2 - 1), 10, "02_drawn.png", "drawn digits")

# %% [markdown] id="walk"
# ## Walking through the latents
#
# Has it learned the 1,797 digits by heart? Then on the way from one latent to another it would jump. It does not:
# digits bend into each other. Between the digits that it has seen it has learned a *space* of digits, and every point
# of it is something like a digit. GFP-GAN's prior is such a space, of faces; in it restoring will be finding.

# %%
ways = torch.linspace(0, 1, 10)[:, None]
walks = [start.lerp(end, ways) for start, end in zip(SHOWN[:4], SHOWN[4:], strict=True)]
show(draw(torch.cat(walks)), 10, "02_walk.png", "from one latent to another, four times")

# %% [markdown] id="police"
# ## Who is winning?
#
# The discriminator is right most of the time: 1,797 pictures are few, it gets to know them. Now and then the
# generator finds something that fools it, and the curves fall; soon the discriminator has seen through it, and both
# go on. That the forger never wins is not the end of learning, as long as what the police say still has a slope. With
# fewer pictures it would be; then they must be changed by chance before they are judged (*augmentation*, in `retrato
# train stylegan2-256-compact`).

# %%
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
of_real, of_drawn = torch.tensor(right).unfold(0, min(20, ITERATIONS), 1).mean(2).T.numpy()
axes.plot(of_real, label="right about real digits")
axes.plot(of_drawn, label="right about drawn digits")
axes.set(xlabel="iteration", ylim=(0, 1.05))
axes.legend()
figure.savefig(RESULTS / "02_right.png")

# %% [markdown] id="yours"
# ## Now you
#
# - Take only the eights: `real_digits[torch.from_numpy(load_digits().target == 8)]`. Is it easier?
# - Halve `BATCH`, or take ten times the learning rate. Which of both does more harm?
# - Leave out `detach()` and read what torch says.
# - The same from a terminal, with checkpoints and previews: `retrato train dcgan-28-digits` (docs/classroom.md).
#
# Next: pictures made of other pictures, **3. Pix2Pix**.
