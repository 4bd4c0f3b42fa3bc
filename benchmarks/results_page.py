"""Write docs/results.md: what the bundled model reaches, beside what anybody would try first and what papers report.

    python benchmarks/results_page.py --valid FACES --old FACES [--groups CSV] [--weights bundled] [-o docs/results.md]

FACES are square faces that the model has never seen: good ones, which are degraded here, and old photos, whose truth
nobody knows. The networks that measure are taken from the folder that RETRATO_WEIGHTS names. Seven minutes of two CPU
cores for 80 and 250 faces; `--at-most` takes fewer, to try it.
"""

import argparse
import datetime
import platform
import subprocess
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch
from groups_page import VALID_GROUPS, section_of
from tried_faces import MODEL_TITLE, evaluated, short_title

from retrato.data import find_stored_images
from retrato.degradation import Preset
from retrato.device import cores
from retrato.evaluation.baselines import TITLES, Baseline, BaselineRestorer
from retrato.evaluation.reports.markdown import ARROWS, aligned, cell, number
from retrato.evaluation.result import Evaluation, row_of
from retrato.evaluation.trials import Trial, degraded_trial, stored_trial
from retrato.precision import Precision
from retrato.restoration.loading import load_restorer
from retrato.restoration.restorer import FaceRestorer

ROOT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).with_name("published_results.md")
PRESETS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY, Preset.OLD_PHOTO)
PAIRED = ("psnr", "ssim", "ms-ssim", "lpips-squeezenet", "identity-mobilefacenet", "five-landmark-distance")
ALONE = ("niqe", "relative-sharpness")
SETS = ("fid-768", "kid-768")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valid", type=Path, required=True, help="good faces")
    parser.add_argument("--old", type=Path, required=True, help="old ones")
    parser.add_argument("--groups", type=Path, default=VALID_GROUPS, help="who the good faces are, as a CSV file")
    parser.add_argument("--weights", default="bundled", help="whose results these are")
    parser.add_argument("--at-most", type=int, default=None, help="faces of each set")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "results.md", help="the page")
    options = parser.parse_args()
    good, old = (find_stored_images([each])[: options.at_most] for each in (options.valid, options.old))
    trials = [stored_trial("old photographs", inputs=old)]  # the most, so first
    trials += [degraded_trial("good faces", good, preset) for preset in PRESETS]
    with ProcessPoolExecutor(min(cores(), len(trials)), get_context("spawn")) as processes:
        aged, *measured = processes.map(partial(measure, options.weights), trials)
    model = load_restorer(options.weights, "cpu", Precision.FP32)
    options.output.write_text(page_of(measured, aged, options.groups, model.name), encoding="utf-8")


def measure(weights: str, trial: Trial) -> Evaluation:
    """The model and the others on one trial, by one core."""
    torch.set_num_threads(1)
    model = load_restorer(weights, "cpu", Precision.FP32)
    restorers: dict[str, FaceRestorer] = {MODEL_TITLE: model}
    restorers |= {TITLES[each]: BaselineRestorer(each, model.size) for each in Baseline}
    return evaluated(trial, restorers, (*PAIRED, *ALONE, *(SETS if trial.degradation else ())))


def page_of(measured: list[Evaluation], aged: Evaluation, groups: Path, model: str) -> str:
    """The whole page."""
    parts = [
        "# Results",
        f"Made by `python benchmarks/results_page.py --valid FACES --old FACES` on {datetime.date.today()}, commit "
        f"{commit()}, {platform.machine()} CPU, torch {torch.__version__.partition('+')[0]}, float32, seed 0.",
        f"*{MODEL_TITLE}* is {model}, at {aged.size} px. The input's own figures and those of what anybody would try "
        "first stand beside it: whoever does not beat them is not needed. In brackets: where the mean lies with 95 % "
        "confidence, other faces of the same kind given. ↑ more is better, ↓ less is.",
        "## Faces whose truth is known",
        f"{len(measured[0].faces)} faces that no training has seen (which, the "
        "[model card](../src/retrato/weights/bundled/gfpgan-256-compact.md) says), degraded in four ways.",
        *(part for each in measured for part in (f"### {each.trial.degradation}", table_of(each))),
        "LPIPS on SqueezeNet and MobileFaceNet's identity were losses of the model's training: they judge it too "
        "kindly. FID and KID are of 768 features, between the restored faces and the good ones; FID of so few pictures "
        "may be compared within one table only. Where the input does better "
        "than a restorer, the faces were best left alone.",
        section_of(measured[PRESETS.index(Preset.PAPER)], MODEL_TITLE, groups),
        "## Old photographs",
        f"{len(aged.faces)} faces of photographs and engravings from about 1850 to 1950. Nobody knows the truth, so "
        "identity and landmarks are compared with the input, which has 1 and 0 by itself: far from it means another "
        "person's face; at it, nothing done.",
        table_of(aged),
        "NIQE is low for anything that looks like a sharp photograph, true or not: a print's screen and grain count as "
        "texture. It sees the upper left 192 px of 256, which is hair and background too.",
        PUBLISHED.read_text(encoding="utf-8").replace("../docs/", "").rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def table_of(evaluation: Evaluation) -> str:
    """Rows are restorers, as in papers; columns are metrics."""
    names = evaluation.metric_names
    sets = [each.metric for each in next(iter(evaluation.sets.values()), [])]
    header = ["", *(f"{ARROWS[row_of(name).better]} {short_title(name)}" for name in (*names, *sets))]
    rows = []
    for candidate in evaluation.candidates:
        cells = [cell(evaluation.mean(candidate, name)) for name in names]
        distances = [number(each.value, fine=True) for each in evaluation.sets.get(candidate, [])]
        rows.append([candidate, *cells, *distances])
    return aligned(header, rows)


def commit() -> str:
    """Of the code that measured."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
