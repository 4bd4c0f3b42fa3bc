"""Small real objects that tests use in place of large ones."""

from pathlib import Path

from retrato.networks.gfpgan import GFPGANConfig
from retrato.networks.stylegan2 import StyleGAN2Config

REFERENCE = Path(__file__).parent / "reference"
"""Numbers made once with the published packages (see its README)."""

TINY = GFPGANConfig(
    StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=0, fold=2),
    keep_input=True,
)
"""The bundled model's shape in a few thousand parameters."""
