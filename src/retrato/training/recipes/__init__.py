"""Named configs of whole runs. Each number of a paper stands here once, with its source."""

from collections.abc import Callable

from retrato.errors import UnknownRecipe
from retrato.training.recipe import Recipe
from retrato.training.recipes import classroom, embedder, gfpgan, stylegan2

RECIPES: dict[str, Callable[[], Recipe]] = {
    "gfpgan-512": gfpgan.gfpgan_512,
    "gfpgan-512-simple": gfpgan.gfpgan_512_simple,
    "gfpgan-256-compact": gfpgan.gfpgan_256_compact,
    "gfpgan-128-laptop": gfpgan.gfpgan_128_laptop,
    "stylegan2-512": stylegan2.stylegan2_512,
    "stylegan2-256-compact": stylegan2.stylegan2_256_compact,
    "stylegan2-64-compact": stylegan2.stylegan2_64_compact,
    "dcgan-64": classroom.dcgan_64,
    "dcgan-28-digits": classroom.dcgan_28_digits,
    "pix2pix-256": classroom.pix2pix_256,
    "pix2pix-64-laptop": classroom.pix2pix_64_laptop,
    "cyclegan-256": classroom.cyclegan_256,
    "cyclegan-64-laptop": classroom.cyclegan_64_laptop,
    "mobilefacenet-compact": embedder.mobilefacenet_compact,
}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownRecipe: there is none.
    """
    if name not in RECIPES:
        raise UnknownRecipe(f"no recipe called {name!r}; known recipes: {', '.join(RECIPES)}")
    return RECIPES[name]()
