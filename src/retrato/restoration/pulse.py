"""PULSE (Menon et al., 2020): restoration by search. Of the faces that a prior can draw, one that looks as the input.

Downscaled, that is: a small picture says little, many faces fit, and which is found hangs on where the search begins.
Numbers are those of the paper's published code.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from retrato.device import DeviceName, choose_device
from retrato.errors import UnusableWeights
from retrato.losses import geodesic_cross_loss
from retrato.networks.modulation import StyledConv
from retrato.networks.noise import noise_seeds, seeded_noise
from retrato.networks.stylegan2 import StyleGAN2Generator, Styles
from retrato.shapes import Faces, PerPicture
from retrato.weights.load import describe_weights, load_stylegan2

SLOPE = 0.2
"""Of the LeakyReLU that ends the network from z to w: it is undone before styles are taken for normally distributed."""
LATENTS, LATENTS_AT_ONCE = 100_000, 10_000
"""From which the distribution of styles is known: to a third of a percent of its spread (the paper: a million)."""
LEVELS = 255
WANTED_MISFIT = 1e-3
"""The paper's: a search has found something if it comes so close."""
WANTED_LEVELS = LEVELS * math.sqrt(WANTED_MISFIT)


@dataclass(frozen=True)
class PulseConfig:
    """How the search goes."""

    steps: int = 100
    """Faces that are drawn and compared on the way."""
    learning_rate: float = 0.4
    """Of Adam at its highest; it rises and falls once, and comes to rest in the last tenth."""
    fit_weight: float = 100.0
    """What it counts how far the downscaled face is from the input."""
    wanted_misfit: float = WANTED_MISFIT
    """Nothing is gained by coming closer than that."""
    cross_weight: float = 0.05
    """What it counts how far the layers' styles are apart (`geodesic_cross_loss`)."""
    searched_noises: int = 5
    """So many of the prior's noises, from the coarsest on, are searched for too; 0 leaves all but the finest as stored.
    The finest is silent."""
    shrink: int = 8
    """How many times smaller than the prior's faces is the picture that is compared; the paper: 8 where it compares
    itself with others, up to 64 elsewhere."""

    def __post_init__(self) -> None:
        """Refuse a search that is none."""
        if min(self.steps, self.shrink) < 1 or self.searched_noises < 0 or not self.learning_rate > 0:
            raise ValueError(f"a search takes at least a step, a shrink of 1 and a learning rate, found {self}")


@dataclass(frozen=True, eq=False)
class Guess:
    """A face that the prior can draw, and how well it fits."""

    face: Float[Tensor, "1 3 s s"]
    """In [-1, 1], on the CPU."""
    small: Float[Tensor, "1 3 c c"]
    """The same, downscaled as it was compared."""
    misfit: float
    """Mean squared difference of `small` and the input, both from 0 to 1."""
    loss: float
    """What the search made smaller."""

    @property
    def misfit_levels(self) -> float:
        """The same as the root of the mean square, in levels of 255."""
        return LEVELS * math.sqrt(self.misfit)


class PulseRestorer:
    """PULSE as a `FaceRestorer`: what it is given says what a face should look like downscaled, and no more."""

    def __init__(
        self,
        generator: StyleGAN2Generator,
        weights: str,
        device: torch.device,
        config: PulseConfig = PulseConfig(),
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            generator: a prior with its weights and its mapping; it is taken over, and can learn no more.
            weights: which these are, in words.
            device: where to compute.
            config: how the search goes.
            seed: decides, with the face, where the search begins.

        Raises:
            UnusableWeights: the prior has no mapping, so that nobody knows which styles it can draw.
        """
        if not generator.config.mapping_layers:
            raise UnusableWeights(f"the prior ({weights}) has no mapping from z to w: PULSE cannot know its styles")
        self._generator = generator.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._weights = weights
        self._config = config
        self._seed = seed
        self._device = device
        self._sphere = StyleSphere.of(generator)

    @classmethod
    def from_weights(
        cls,
        name_or_file: str | Path,
        device: DeviceName | str = DeviceName.AUTO,
        config: PulseConfig = PulseConfig(),
        seed: int = 0,
    ) -> "PulseRestorer":
        """A search in the prior of those weights.

        Raises:
            UnknownWeights: neither a known name nor a file.
            UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
            UnusableWeights: the file is missing, broken or holds no prior with a mapping.
            UnavailableDevice: this machine has no such device.
        """
        return cls(load_stylegan2(name_or_file), describe_weights(name_or_file), choose_device(device), config, seed)

    @property
    def size(self) -> int:
        """Width and height of the faces that it takes and draws."""
        return self._generator.config.image_size

    @property
    def small_size(self) -> int:
        """Width and height at which faces are compared, where they are not smaller themselves."""
        return max(1, self.size // self._config.shrink)

    @property
    def name(self) -> str:
        """The method, the prior, and where the search begins."""
        return f"PULSE in StyleGAN2, {self._weights}, seed {self._seed}"

    def __call__(self, faces: Faces) -> Faces:
        """The best guess for each face, on the CPU; one at a time, so that none hangs on the others."""
        small = shrunk(faces, self.small_size)
        return torch.cat([self.guess(each[None], self._seed).face for each in small])

    def guess(self, small: Float[Tensor, "1 3 c c"], seed: int) -> Guess:
        """The best guess for a small picture; it is given however badly it fits, and says so."""
        (best,) = deque(self.search(small, seed), maxlen=1)
        return best

    def search(self, small: Float[Tensor, "1 3 c c"], seed: int) -> Iterator[Guess]:
        """The best guess so far, after each step.

        Args:
            small: what the face should look like downscaled, smaller than the prior's faces.
            seed: decides, with the picture, where the search begins: another one often ends at another face.
        """
        small = small.to(self._device)
        points, noises = self._beginning(noise_seeds(small, seed).to(self._device))
        optimizer = SphericalAdam([points, *noises])
        best: Guess | None = None
        for step in range(self._config.steps):
            face, loss, slopes = self._compared(points, noises, small)
            if best is None or loss < best.loss:
                best = _guess(face.clamp(-1, 1), loss, small)
            yield best
            optimizer.step(slopes, self._config.learning_rate * pace(step / self._config.steps))

    def _beginning(self, seeds: Tensor) -> tuple[Tensor, list[Tensor]]:
        """By chance: a point for each layer, (1, layers, style), and noises, (1, 1, resolution, resolution) each."""
        config = self._generator.config
        points = seeded_noise(seeds, (config.style_layers, config.style_size))
        shapes = [tuple(each.shape[1:]) for each in self._stored_noises().values()]
        searched = min(self._config.searched_noises, len(shapes) - 1)
        noises = [seeded_noise(seeds + 1 + layer, shapes[layer]) for layer in range(searched)]
        return on_sphere(points), [on_sphere(each) for each in noises]

    @torch.enable_grad()
    def _compared(
        self, points: Tensor, noises: Sequence[Tensor], small: Tensor
    ) -> tuple[Float[Tensor, "1 3 s s"], float, tuple[Tensor, ...]]:
        """The face of points and noises, how bad it is, and which way that grows from each of them."""
        config = self._config
        wanted = [each.requires_grad_() for each in (points, *noises)]
        styles = self._sphere.styles(points)
        face = self._drawn(styles, noises)
        misfit = misfits(shrunk(face, small.shape[-1]), small).clamp(min=config.wanted_misfit).sum()
        loss = config.fit_weight * misfit + config.cross_weight * geodesic_cross_loss(styles)
        slopes = torch.autograd.grad(loss, wanted, materialize_grads=True)
        return face.detach(), loss.item(), slopes

    def _drawn(self, styles: Styles, noises: Sequence[Tensor]) -> Float[Tensor, "1 3 s s"]:
        """With those noises instead of the stored ones, and without the finest."""
        stored = self._stored_noises()
        *_, finest = stored
        chosen = {**dict(zip(stored, noises, strict=False)), finest: torch.zeros_like(stored[finest])}
        face: Float[Tensor, "1 3 s s"] = torch.func.functional_call(self._generator, chosen, (styles,))
        return face

    def _stored_noises(self) -> dict[str, Tensor]:
        """By the names of their buffers, from coarse to fine."""
        layers = [(name, each) for name, each in self._generator.named_modules() if isinstance(each, StyledConv)]
        return {f"{name}.noise": layer.noise for name, layer in layers}


@dataclass(frozen=True, eq=False)
class StyleSphere:
    """Where the styles of a prior are: around a mean, far out in all directions, once the last LeakyReLU is undone.

    In many dimensions nearly all of a normal distribution is near a sphere with the root of their number as its radius
    (section 3.2), so a search that stays on it meets nothing but faces.
    """

    mean: Float[Tensor, " style"]
    spread: Float[Tensor, " style"]

    @classmethod
    @torch.no_grad()
    def of(cls, generator: StyleGAN2Generator) -> "StyleSphere":
        """Mean and standard deviation of the styles of many latents, always of the same ones."""
        rng = torch.Generator().manual_seed(0)
        device = generator.constant.device
        total, squares = torch.zeros(2, generator.config.style_size, dtype=torch.float64, device=device)
        for _ in range(LATENTS // LATENTS_AT_ONCE):
            latents = torch.randn(LATENTS_AT_ONCE, generator.config.style_size, generator=rng).to(device)
            flat = F.leaky_relu(generator.mapping(latents), 1 / SLOPE).double()
            total, squares = total + flat.sum(0), squares + flat.square().sum(0)
        mean = total / LATENTS
        return cls(mean.float(), (squares / LATENTS - mean.square()).clamp(min=0).sqrt().float())

    def styles(self, points: Float[Tensor, "n layers style"]) -> Styles:
        """The styles of points on the sphere."""
        return F.leaky_relu(points * self.spread + self.mean, SLOPE)


class SphericalAdam:
    """Adam whose every step ends on the sphere that it began on."""

    def __init__(self, points: Sequence[Tensor]) -> None:
        self._points = points
        self._optimizer = torch.optim.Adam(points)

    @torch.no_grad()
    def step(self, slopes: Sequence[Tensor], learning_rate: float) -> None:
        """Go down the slopes, and back to the spheres.

        Args:
            slopes: of each tensor of points.
            learning_rate: of this step.
        """
        for point, slope in zip(self._points, slopes, strict=True):
            point.grad = slope
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        for point in self._points:
            point.copy_(on_sphere(point))


def on_sphere(points: Float[Tensor, "n layers *rest"]) -> Float[Tensor, "n layers *rest"]:
    """The same directions, with the root of the number of dimensions as their length."""
    dimensions = tuple(range(2, points.ndim))
    return points * (points.square().mean(dimensions, keepdim=True) + 1e-9).rsqrt()


def pace(time: float) -> float:
    """How much of the learning rate is used: up and down in nine tenths of the time, then to rest.

    >>> [round(pace(time), 3) for time in (0, 0.45, 0.9, 0.95)]
    [0.1, 1.0, 0.1, 0.051]
    """
    if time < 0.9:
        return 0.1 + 0.9 * (1 - abs(2 * time / 0.9 - 1))
    return 0.1 + (time - 0.9) / 0.1 * (0.001 - 0.1)


def shrunk(faces: Faces, size: int) -> Float[Tensor, "n 3 {size} {size}"]:
    """Downscaled bicubically, every pixel counting; of that size already, as they are."""
    if faces.shape[-1] == size:
        return faces
    return F.interpolate(faces, size=(size, size), mode="bicubic", antialias=True, align_corners=False)


def misfits(small: Faces, wanted: Faces) -> PerPicture:
    """Mean squared difference of each picture, of values from 0 to 1."""
    return ((small - wanted) / 2).square().mean((1, 2, 3))


def _guess(face: Tensor, loss: float, wanted: Tensor) -> Guess:
    small = shrunk(face, wanted.shape[-1])
    return Guess(face.cpu(), small.clamp(-1, 1).cpu(), misfits(small, wanted).item(), loss)
