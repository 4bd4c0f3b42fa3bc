"""`retrato minmax`."""

from __future__ import annotations

from pathlib import Path

import click

from retrato.cli.options import FiniteFloatRange, seed_option

DISTRIBUTIONS = ("ring", "grid", "moons", "bumps")
"""The values of `classroom.distributions.Distribution`, known without loading torch."""
SCENES = 60
"""Of a film, besides the first."""
SCENES_PER_SECOND = 8


@click.command(name="minmax")
@click.argument("distribution", type=click.Choice(DISTRIBUTIONS))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Name of the film: .gif, .webp or .mp4."
)
@click.option(
    "--saturating", is_flag=True, help="Let the forger minimise V itself, which is flat where the police are sure."
)
@click.option(
    "--r1",
    "penalty_weight",
    type=FiniteFloatRange(0),
    default=0.0,
    show_default=True,
    help="How much it costs the police to be steep at real points; 1 brings this game to rest.",
)
@click.option("--police-steps", type=click.IntRange(1), default=1, show_default=True, help="For one of the forger.")
@click.option("--iterations", type=click.IntRange(SCENES), default=3000, show_default=True, help="How long to play.")
@seed_option
@click.option("--overwrite", is_flag=True, help="Replace a film that exists.")
def command(
    distribution: str,
    output: Path,
    saturating: bool,
    penalty_weight: float,
    police_steps: int,
    iterations: int,
    seed: int,
    overwrite: bool,
) -> None:
    """Watch forger and police play the min-max game of Goodfellow et al. (2014) on points.

    ring and grid are narrow heaps, of which the forger may miss some; moons are two half circles; bumps are two heaps
    on a line. docs/classroom.md says what there is to see.
    """
    from tqdm import tqdm

    from retrato.classroom.distributions import Distribution
    from retrato.classroom.frames import Theatre
    from retrato.classroom.minmax import MinMaxConfig, MinMaxGame
    from retrato.images.files import require_writable
    from retrato.images.films import film_format_for, write_film

    film_format_for(output)
    require_writable(output, replace=overwrite)
    game = MinMaxGame(
        MinMaxConfig(
            Distribution(distribution),
            saturating=saturating,
            penalty_weight=penalty_weight,
            police_steps=police_steps,
            iterations=iterations,
            seed=seed,
        )
    )
    every = iterations // SCENES
    scenes = tqdm(game.play(every), total=iterations // every + 1, unit="scene")
    write_film(Theatre(game).frames(iter(scenes)), output, SCENES_PER_SECOND, replace=overwrite)
    click.echo(f"{iterations} iterations -> {output}")
