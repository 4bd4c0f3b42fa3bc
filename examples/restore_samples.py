"""Restores public-domain portraits that come inside well-known packages, degraded first and as they are.

    python examples/restore_samples.py results

writes the photos, what was made of them, and before_after.png to look at.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from matplotlib.cbook import get_sample_data
from PIL import Image as PillowImage
from skimage.data import astronaut

from retrato import Photo, PhotoRestorer, RestoredPhoto, read_image, write_image
from retrato.degradation import Preset, degrade, draw
from retrato.images.grids import Row, sheet
from retrato.images.tensors import to_image, to_pictures
from retrato.shapes import Image

SEEDS = {"grace_hopper": 5, "astronaut": 7}
"""Of the degradation of each portrait."""


def main(folder: Path) -> None:
    """Restore each sample twice, and lay the results side by side."""
    with get_sample_data("grace_hopper.jpg", asfileobj=True) as file, PillowImage.open(file) as picture:
        portraits = {"grace_hopper": np.array(picture.convert("RGB")), "astronaut": astronaut()}  # US Navy; NASA
    restorer = PhotoRestorer.from_weights("bundled")
    rows = []
    for name, image in portraits.items():
        original = save(folder / "samples" / f"{name}.png", image)
        degraded = save(folder / "samples" / f"{name}-degraded.png", degraded_photo(image, restorer, SEEDS[name]))
        restored = restore(restorer, degraded, folder)
        kept = restore(restorer, original, folder)
        rows += [
            Row([read_image(degraded).image, restored.image, image, kept.image], f"{name}: whole photo"),
            Row(
                [
                    restored.faces[0].crop.image,
                    restored.faces[0].restored,
                    kept.faces[0].crop.image,
                    kept.faces[0].restored,
                ],
                f"{name}: what the model sees and gives",
            ),
        ]
    titles = ["degraded", "degraded, restored", "original", "original, restored"]
    save(folder / "before_after.png", sheet(rows, titles))
    print(f"look at {folder / 'before_after.png'}")


def restore(restorer: PhotoRestorer, path: Path, folder: Path) -> RestoredPhoto:
    """Restore one photo into the folder and say how long each step took."""
    started = time.perf_counter()
    result = restorer(read_image(path))
    target = folder / f"{path.stem}-restored.png"
    write_image(result.photo, target, replace=True)
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.seconds.items())
    total = time.perf_counter() - started
    print(f"{path} -> {target}: {len(result.faces)} face(s) in {total:.2f} s ({steps})")
    return result


def degraded_photo(image: Image, restorer: PhotoRestorer, seed: int) -> Image:
    """Degrade a photo as training degrades faces, by the size of its largest face."""
    face = restorer.find_faces(image)[0]
    eye_distance = float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))
    face_size = 4 * eye_distance  # in a crop aligned as FFHQ's, the eyes are a quarter of the width apart
    record = draw(torch.Generator().manual_seed(seed), 1, Preset.PAPER.ranges)
    degraded, _ = degrade(to_pictures([image]), record, face_size)
    return to_image(degraded[0])


def save(path: Path, image: Image) -> Path:
    """Write a picture, replacing an older one."""
    write_image(Photo(image), path, replace=True)
    return path


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
