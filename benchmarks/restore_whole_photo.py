"""A whole photo with its faces: the published package and ours, time and memory, by megapixels and number of faces.

    RETRATO_WEIGHTS=folder python benchmarks/restore_whole_photo.py

Finding, cutting out and pasting are measured with faces that come back as they are, since the network takes so much
longer and its time is known (`restore_face.py`): it grows with the faces alone, in both. `--network` has it do its
work as well. Each case runs in a process of its own. Both use RetinaFace MobileNet-0.25, whose weights the catalog has;
`retrato` is our own pipeline with the bundled detector.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from published_package import import_published, published_network, to_image
from skimage.data import astronaut

from retrato import Photo, PhotoRestorer
from retrato.restoration.pipeline import FaceMask, PublishedPipeline, RetratoPipeline, detector_of, placement_of
from retrato.restoration.restorer import FaceRestorer
from retrato.shapes import Faces, Image
from retrato.weights.download import find_weights

DETECTOR = "retinaface-mobilenet0.25"
UPSCALE = 1
Restore = Callable[[Image], int]
"""Restores a photo and gives the number of its faces."""


class Unchanged:
    """A restorer that gives back what it gets."""

    size = 512
    name = "nothing"

    def __call__(self, faces: Faces) -> Faces:
        """The same faces."""
        return faces


def published(with_network: bool) -> Restore:
    """GFPGANer's steps with facexlib's helper, square mask."""
    _, helper_kind, detection = import_published()
    file = find_weights(DETECTOR)
    detection.load_file_from_url = lambda **_: str(file)
    import facexlib.utils.face_restoration_helper as module

    module.init_parsing_model = lambda **_: None
    detector_name, device = "retinaface_mobile0.25", torch.device("cpu")
    module.init_detection_model = lambda *_, **__: _detector(detection, file)
    helper = helper_kind(UPSCALE, face_size=512, det_model=detector_name, use_parse=False, device=device)
    network = published_network() if with_network else None

    @torch.no_grad()
    def restore(image: Image) -> int:
        helper.clean_all()
        helper.read_image(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        helper.get_face_landmarks_5(eye_dist_threshold=5)
        helper.align_warp_face()
        for crop in helper.cropped_faces:
            helper.add_restored_face(_restored(network, crop) if network else crop)
        helper.get_inverse_affine(None)
        helper.paste_faces_to_input_image()
        return len(helper.restored_faces)

    return restore


def _restored(network: torch.nn.Module, crop: Image) -> Image:
    face = torch.from_numpy(crop[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    return to_image(network(face, return_rgb=False)[0][0])[:, :, ::-1]


def _detector(detection: object, file: Path) -> torch.nn.Module:
    network = detection.RetinaFace(network_name="mobile0.25", half=False)  # type: ignore[attr-defined]
    state = torch.load(file, map_location="cpu", weights_only=True)
    network.load_state_dict({name.removeprefix("module."): each for name, each in state.items()}, strict=False)
    return network.eval()


def published_by_us(with_network: bool) -> Restore:
    """Our computation of the same pipeline."""
    return _ours(PublishedPipeline(DETECTOR, FaceMask.SQUARE), with_network)


def retrato(with_network: bool) -> Restore:
    """Our own pipeline."""
    return _ours(RetratoPipeline(), with_network)


def _ours(pipeline: PublishedPipeline | RetratoPipeline, with_network: bool) -> Restore:
    device = torch.device("cpu")
    faces: FaceRestorer = _restorer() if with_network else Unchanged()
    restore = PhotoRestorer(
        detector_of(pipeline, device), faces, upscale=UPSCALE, placement=placement_of(pipeline, device)
    )
    return lambda image: len(restore(Photo(image)).faces)


def _restorer() -> FaceRestorer:
    from retrato.networks.gfpgan import GFPGAN, GFPGANConfig
    from retrato.precision import fastest_precision
    from retrato.restoration.restorer import GFPGANRestorer

    device = torch.device("cpu")
    return GFPGANRestorer(GFPGAN(GFPGANConfig()), "by chance", device, fastest_precision(device))


WAYS = {each.__name__: each for each in (published, published_by_us, retrato)}


def main() -> None:
    """Measure each case, and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megapixels", nargs="+", type=int, default=[2, 12, 50])
    options.add_argument("--faces", nargs="+", type=int, default=[1, 10, 50])
    options.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options.add_argument("--network", action="store_true", help="have GFP-GAN of 512 px do its work")
    options.add_argument(
        "--one", nargs=3, metavar=("WAY", "MEGAPIXELS", "FACES"), help="for the processes started here"
    )
    chosen = options.parse_args()
    if chosen.one:
        way, megapixels, faces = chosen.one
        print(json.dumps(measure(WAYS[way](chosen.network), photo_with(int(megapixels), int(faces)))))
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"commit {commit.strip() or 'unknown'}\n")
    print("| megapixels | faces | way | found | time | peak memory |\n|---|---|---|---|---|---|")
    for megapixels in chosen.megapixels:
        for faces in chosen.faces:
            for way in chosen.ways:
                command = [sys.executable, __file__, *(["--network"] if chosen.network else []), "--one"]
                command += [way, str(megapixels), str(faces)]
                output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                found = json.loads(output.splitlines()[-1])
                print(
                    f"| {megapixels} | {faces} | {way} | {found['faces']} | {found['seconds']:.1f} s "
                    f"| {found['peak_mib']:.0f} MiB |",
                    flush=True,
                )


def photo_with(megapixels: int, faces: int) -> Image:
    """The astronaut as often as there are to be faces, on a grey photo three wide and two high."""
    height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
    width = round(megapixels * 1e6 / height)
    columns = int(np.ceil((faces * width / height) ** 0.5))
    rows = -(-faces // columns)
    side = min(width // columns, height // rows)
    person = cv2.resize(astronaut()[:300, 80:380], (side, side), interpolation=cv2.INTER_AREA)
    photo = np.full((height, width, 3), 128, np.uint8)
    for index in range(faces):
        top, left = side * (index // columns), side * (index % columns)
        photo[top : top + side, left : left + side] = person
    return photo


def measure(restore: Restore, photo: Image) -> dict[str, float]:
    """The number of faces, the seconds and the peak memory, for a photo after a small one to warm up."""
    restore(np.ascontiguousarray(astronaut()))
    started = time.perf_counter()
    faces = restore(photo)
    seconds = time.perf_counter() - started
    return {
        "faces": faces,
        "seconds": seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
