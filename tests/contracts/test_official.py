"""The published pipeline against what GFPGAN itself made of the photos in its repository; skipped where they are not.

They show real people and are not part of retrato. They are looked for in `reference/official`, beside the folder that
RETRATO_WEIGHTS names.
"""

import cv2
import numpy as np
import pytest
import torch

from retrato.faces.paste import PlacedFace
from retrato.faces.published import Patch, PublishedPlacement
from retrato.faces.retinaface import RetinaFaceDetector
from retrato.images.files import read_image
from retrato.networks.parsenet import Region

FACES = {"00.jpg": 2, "10045.png": 3, "Blake_Lively.jpg": 2}
UPSCALE = 2


@pytest.fixture
def detector_file(published):
    return published("retinaface-mobilenet0.25")


@pytest.fixture
def official(detector_file):
    folder = detector_file.parent.parent / "reference" / "official"
    if not folder.is_dir():
        pytest.skip("GFPGAN's own results are not on this machine")
    return folder


@pytest.fixture
def crops_of(official, detector_file):
    """The official crops of a photo, each with ours that is nearest, by name."""
    find_faces, placement = RetinaFaceDetector.from_weights(detector_file), PublishedPlacement()

    def cut(name):
        image = read_image(official / "inputs" / "whole_imgs" / name).image
        ours = [placement.cut_out(image, face, 512) for face in find_faces(image)]
        paths = sorted((official / "v1.4" / "cropped_faces").glob(f"{name.partition('.')[0]}_*.png"))
        expected = {path.name: read_image(path).image for path in paths}
        nearest = {
            path: min(ours, key=lambda crop, image=image: difference(crop.image, image).mean())
            for path, image in expected.items()
        }
        return expected, nearest

    return cut


def difference(one, other):
    return np.abs(one.astype(int) - other)


def as_jpeg(image):
    """As GFPGAN wrote its results."""
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize("name", FACES)
def test_every_face_is_cut_out_as_gfpgan_cut_it_out(crops_of, name):
    expected, ours = crops_of(name)
    assert len(expected) == FACES[name]
    for path, image in expected.items():
        assert difference(ours[path].image, image).mean() < 0.5


@pytest.mark.parametrize("name", ["00.jpg", "Blake_Lively.jpg"])
def test_restored_faces_are_pasted_where_gfpgan_pasted_them(official, crops_of, name):
    """Compared are the middles of faces, which are face to any parser, and what lies outside of all crops."""
    image = read_image(official / "inputs" / "whole_imgs" / name).image
    expected = read_image(official / "v1.4" / "restored_imgs" / name).image
    canvas = cv2.resize(image, None, fx=UPSCALE, fy=UPSCALE, interpolation=cv2.INTER_LANCZOS4)
    folder = official / "v1.4" / "restored_faces"
    faces = [PlacedFace(crop, read_image(folder / path).image) for path, crop in crops_of(name)[1].items()]
    placement = PublishedPlacement(lambda crops: torch.full((len(crops), 512, 512), int(Region.SKIN)))
    pasted = as_jpeg(placement.paste_back(canvas, faces, UPSCALE))
    middle, crop = covered(canvas, faces, ellipse()) == 1, covered(canvas, faces, np.ones((512, 512), np.float32)) > 0
    outside = cv2.dilate(crop.astype(np.uint8), np.ones((33, 33))) == 0  # JPEG's blocks of 16 px spread what is in them
    assert difference(pasted, expected)[outside].max() == 0
    assert difference(pasted, expected)[middle].mean() < 1
    assert difference(pasted, expected)[middle].max() <= 12


def ellipse():
    y, x = np.mgrid[:512, :512]
    return (((x - 256) / 110) ** 2 + ((y - 290) / 130) ** 2 < 1).astype(np.float32)


def covered(canvas, faces, shape):
    """How much of the canvas lies in that part of any crop."""
    result = np.zeros(canvas.shape[:2], np.float32)
    for patch in (Patch.of(canvas, face, UPSCALE) for face in faces):
        result[patch.region.slices] = np.maximum(result[patch.region.slices], patch.warped(shape, patch.region))
    return result
