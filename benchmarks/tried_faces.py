"""All restorers on all faces, as the pages of results do it, and what they call the figures."""

from collections.abc import Mapping

from tqdm import tqdm

from retrato.evaluation.equipment import chosen_metrics, equip
from retrato.evaluation.restoration import TO_INPUT, measure_faces
from retrato.evaluation.result import Evaluation, Questions, gather, title_of
from retrato.evaluation.trials import Trial
from retrato.restoration.restorer import FaceRestorer

MODEL_TITLE = "retrato, bundled"
SHORT = {
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "ms-ssim": "MS-SSIM",
    "lpips-squeezenet": "LPIPS, SqueezeNet",
    "identity-mobilefacenet": "identity, MobileFaceNet",
    "five-landmark-distance": "5 landmarks, px of 512",
    "relative-sharpness": "sharpness",
    "fid-768": "FID, 768",
    "kid-768": "KID, 768",
}


def evaluated(trial: Trial, restorers: Mapping[str, FaceRestorer], metrics: tuple[str, ...]) -> Evaluation:
    """All restorers on all faces."""
    equipment = equip(chosen_metrics(metrics))
    size = next(iter(restorers.values())).size
    faces = tqdm(measure_faces(trial, restorers, equipment.measures, size), total=len(trial.entries), desc=trial.words)
    return gather(faces, trial, list(restorers), size, Questions(equipment.sets, missing=equipment.missing))


def short_title(name: str) -> str:
    """What fits into a column."""
    plain = name.removesuffix(TO_INPUT)
    to_input = " to the input" if name.endswith(TO_INPUT) else ""
    return SHORT.get(plain, title_of(plain)) + to_input
