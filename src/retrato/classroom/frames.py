"""The game as a film: the points, what the police think of every place, and both losses over time."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from retrato.classroom.distributions import BUMPS, covered_modes
from retrato.classroom.minmax import SHOWN_POINTS, MinMaxGame, Scene
from retrato.errors import MissingPackage
from retrato.images.grids import AnyImage

AlongLine = Float[np.ndarray, " places"]

REACH = 3.0
"""What is shown goes from minus this to this."""
PLACES = 60
"""Along each side, at which the police are asked."""
BINS = 60
DOTS_AN_INCH = 80
REAL_COLOUR, FAKE_COLOUR, POLICE_COLOUR = "#222222", "#c2410c", "#2563eb"


class Theatre:
    """Draws a game's scenes, one frame each."""

    def __init__(self, game: MinMaxGame) -> None:
        self.game = game
        self.distribution = game.config.distribution
        self._real = self.distribution.draw(torch.Generator().manual_seed(1), SHOWN_POINTS).numpy()
        self._scenes: list[Scene] = []

    def frames(self, scenes: Iterable[Scene]) -> Iterator[AnyImage]:
        """A frame for each scene as it comes; all of one size.

        Raises:
            MissingPackage: matplotlib is not installed.
        """
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ModuleNotFoundError:
            raise MissingPackage("matplotlib", "samples") from None
        canvas = FigureCanvasAgg(Figure(figsize=(10, 5), dpi=DOTS_AN_INCH))
        points, losses = canvas.figure.subplots(1, 2)
        canvas.figure.subplots_adjust(left=0.05, right=0.98, bottom=0.1, top=0.92, wspace=0.12)
        for scene in scenes:
            self._scenes.append(scene)
            for axes in (points, losses):
                axes.clear()
            (self._draw_line if self.distribution.dimensions == 1 else self._draw_plane)(points, scene)
            self._draw_losses(losses)
            canvas.draw()
            yield np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def _draw_plane(self, axes: Any, scene: Scene) -> None:
        """The landscape that the forger climbs, blue where the police see real points; real points and forged ones."""
        ticks = torch.linspace(-REACH, REACH, PLACES)
        landscape = self.game.is_real(torch.cartesian_prod(ticks, ticks)).unflatten(0, (PLACES, PLACES)).T.numpy()
        square = (-REACH, REACH, -REACH, REACH)
        axes.imshow(landscape, cmap="RdBu", vmin=0, vmax=1, alpha=0.7, extent=square, origin="lower")
        axes.scatter(*self._real.T, s=3, color=REAL_COLOUR, label="real")
        axes.scatter(*scene.forged.numpy().T, s=3, color=FAKE_COLOUR, label="forged")
        axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), title=self._title(scene))
        axes.legend(loc="upper right", markerscale=3)

    def _draw_line(self, axes: Any, scene: Scene) -> None:
        """Densities, D, and the best D that there could be (proposition 1), as in the paper's figure 1."""
        edges = np.linspace(-REACH, REACH, BINS + 1)
        middles = (edges[1:] + edges[:-1]) / 2
        fake = np.histogram(scene.forged[:, 0].numpy(), edges)[0] / (len(scene.forged) * np.diff(edges))
        real = density_of_bumps(middles)
        axes.fill_between(middles, real, color=REAL_COLOUR, alpha=0.3, label="real")
        axes.fill_between(middles, fake, color=FAKE_COLOUR, alpha=0.5, label="forged", step="mid")
        axes.plot(middles, best_police(real, fake), color=POLICE_COLOUR, linestyle=":", label="best possible D")
        axes.plot(
            middles,
            self.game.is_real(torch.from_numpy(middles).float()[:, None]).numpy(),
            color=POLICE_COLOUR,
            label="D",
        )
        axes.set(xlim=(-REACH, REACH), ylim=(0, 1.3), title=self._title(scene))
        axes.legend(loc="upper right")

    def _draw_losses(self, axes: Any) -> None:
        config = self.game.config
        times = [each.iteration for each in self._scenes]
        axes.plot(
            times, [each.value for each in self._scenes], color=POLICE_COLOUR, label="V(D, G): the police want it large"
        )
        axes.axhline(-math.log(4), color=POLICE_COLOUR, linestyle=":", label="-log 4: the police can but guess")
        words = "log(1 - D)" if config.saturating else "-log D"
        axes.plot(
            times,
            [each.forger_loss for each in self._scenes],
            color=FAKE_COLOUR,
            label=f"the forger wants {words} small",
        )
        axes.axhline(-math.log(2) if config.saturating else math.log(2), color=FAKE_COLOUR, linestyle=":")
        axes.set(xlim=(0, config.iterations), ylim=(-2.2, 3.5), xlabel="iteration", title=self._rules())
        axes.legend(loc="upper right")

    def _rules(self) -> str:
        config = self.game.config
        penalty = f"R1 {config.penalty_weight:g}" if config.penalty_weight else "no R1"
        return f"{'saturating' if config.saturating else 'non-saturating'} loss, {penalty}"

    def _title(self, scene: Scene) -> str:
        modes = self.distribution.modes
        found = (
            "" if modes is None else f": {covered_modes(self.distribution, scene.forged)} of {len(modes)} heaps forged"
        )
        return f"iteration {scene.iteration}{found}"


def density_of_bumps(places: AlongLine) -> AlongLine:
    """Of real points on the line of `Distribution.BUMPS`."""
    heights = [
        np.exp(-(((places - mean) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi)) for mean, spread in BUMPS
    ]
    mean: AlongLine = np.mean(heights, axis=0)
    return mean


def best_police(real: AlongLine, fake: AlongLine) -> AlongLine:
    """The D that no other beats: real density by the sum of both (Goodfellow et al., 2014, proposition 1)."""
    return real / np.maximum(real + fake, 1e-9)
