"""Draws a sheet of what each preset of degradation makes of two public-domain portraits.

python examples/show_degradations.py docs/degradations.jpg
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.cbook import get_sample_data
from PIL import Image as PillowImage
from skimage.data import astronaut

from retrato import Photo, write_image
from retrato.degradation import DegradationRanges, Preset, degrade, draw
from retrato.faces.alignment import cut_out
from retrato.faces.mtcnn import MTCNNDetector
from retrato.images.grids import Row, sheet
from retrato.images.tensors import to_images, to_pictures
from retrato.shapes import Image

SIZE = 192
EXAMPLES = 3
"""Of each portrait."""
SEEDS = dict.fromkeys(Preset, 4) | {Preset.PAPER_COLOUR: 16, Preset.OLD_PHOTO: 29}
WORDS = {
    Preset.LIGHT: "light: a small web picture",
    Preset.PAPER: "paper: GFP-GAN's published ranges, without colour changes",
    Preset.HEAVY: "heavy: the bad end of these ranges, and beyond",
    Preset.PAPER_COLOUR: "paper-colour: with the published colour changes; the target keeps its colours",
    Preset.EXTENDED: "extended: RestoreFormer++'s; shifted, in haze, or uneven, which happens more often here",
    Preset.OLD_PHOTO: "old-photo: tone, halftone, grain, paper, stains, dust, scratches",
}


def main(target: Path) -> None:
    """Degrade, and lay the results side by side."""
    faces = to_pictures([face for face in portraits() for _ in range(EXAMPLES)])
    rows = []
    for preset, words in WORDS.items():
        degraded, _ = degrade(faces, draw(torch.Generator().manual_seed(SEEDS[preset]), len(faces), ranges_of(preset)))
        rows.append(Row(to_images(degraded), words))
    write_image(Photo(sheet(rows, row_height=SIZE)), target, replace=True)
    print(f"look at {target}")


def ranges_of(preset: Preset) -> DegradationRanges:
    """Of the preset; what is rare in it happens to half of the faces, to be seen."""
    if preset is not Preset.EXTENDED:
        return preset.ranges
    return replace(preset.ranges, haze_share=0.5, uneven_share=0.5, shift_share=0.5)


def portraits() -> list[Image]:
    """Two faces, set upright."""
    with get_sample_data("grace_hopper.jpg", asfileobj=True) as file, PillowImage.open(file) as picture:
        photos = [np.array(picture.convert("RGB")), astronaut()]  # US Navy; NASA
    find_faces = MTCNNDetector.bundled()
    return [cut_out(photo, find_faces(photo)[0].landmarks, SIZE).image for photo in photos]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/degradations.jpg"))
