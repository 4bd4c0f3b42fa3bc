"""What a restorer's figures owe to coarse and to fine detail: the figures, had it known part of the truth.

    python benchmarks/scales.py --valid FACES [--weights bundled]

A Gaussian divides each picture into what is coarser and what is finer than its width. One candidate takes the fine part
from the target and the rest from the restorer, another the coarse part. Where even these miss a figure that is aimed
at, no sharper eye would reach it: the degradation has taken what it asks for. The networks that measure are taken from
the folder that RETRATO_WEIGHTS names.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from results_page import table_of
from tried_faces import MODEL_TITLE, evaluated

from retrato.data import find_stored_images
from retrato.degradation import Preset
from retrato.evaluation.trials import Face, degraded_trial, each_case
from retrato.metrics.filters import filtered, gaussian
from retrato.precision import Precision
from retrato.restoration.loading import load_restorer
from retrato.shapes import Faces

METRICS = ("psnr", "ssim", "lpips-squeezenet", "identity-mobilefacenet", "niqe", "fid-768")
WIDTHS = (0.7, 1.0, 2.0, 4.0)
"""Of the Gaussian: its standard deviation in pixels."""
REACH = 4
"""Of its taps, in standard deviations."""


@dataclass(frozen=True, eq=False)
class Informed:
    """A restorer that is told part of the truth."""

    size: int
    """Width and height of its faces."""
    known: Mapping[bytes, tuple[Face, Face]]
    """What another has restored, and the truth, by the degraded face's bytes."""
    width: float
    knows_fine: bool
    """Whether it knows what is finer than `width`, or else what is coarser."""

    @property
    def name(self) -> str:
        """What it knows."""
        return f"true where {'finer' if self.knows_fine else 'coarser'} than {self.width:g} px"

    def __call__(self, faces: Faces) -> Faces:
        """One part restored, the other true."""
        restored, truth = map(torch.stack, zip(*(self.known[_bytes(face)] for face in faces), strict=True))
        coarse, fine = (restored, truth) if self.knows_fine else (truth, restored)
        return (_coarse(coarse, self.width) + fine - _coarse(fine, self.width)).clamp(-1, 1)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valid", type=Path, required=True, help="good faces")
    parser.add_argument("--weights", default="bundled", help="whose results these are")
    options = parser.parse_args()
    model = load_restorer(options.weights, "cpu", Precision.FP32)
    trial = degraded_trial("good faces", find_stored_images([options.valid]), Preset.PAPER)
    cases = each_case(trial, model.size)
    known = {_bytes(case.input): (model(case.input[None])[0], case.target) for case in cases}
    informed = [Informed(model.size, known, width, knows_fine) for knows_fine in (True, False) for width in WIDTHS]
    print(table_of(evaluated(trial, {MODEL_TITLE: model} | {each.name: each for each in informed}, METRICS)))


def _coarse(faces: Faces, width: float) -> Faces:
    """What a Gaussian leaves."""
    reach = round(REACH * width)
    return filtered(F.pad(faces, [reach] * 4, mode="reflect"), gaussian(width, 2 * reach + 1))


def _bytes(face: Face) -> bytes:
    return face.numpy().tobytes()


if __name__ == "__main__":
    main()
