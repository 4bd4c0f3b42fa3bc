import json

import numpy as np
import pytest
import torch

from doubles import REFERENCE, tensor_by_hash
from retrato.errors import UnavailableWeights, UnknownWeights
from retrato.faces.mtcnn import MTCNNDetector
from retrato.faces.placement import SeamlessPlacement
from retrato.faces.published import PublishedPlacement
from retrato.images.photo import Photo
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.pipeline import FaceMask, PublishedPipeline, RetratoPipeline, detector_of, placement_of
from retrato.weights import download

CPU = torch.device("cpu")
NAMES = json.loads((REFERENCE / "companion_names.json").read_text())


@pytest.fixture
def detector_file(tmp_path):
    """A RetinaFace of hashes, which is not in the catalog."""
    tensors = {name: tensor_by_hash(name, shape) for name, shape in NAMES["retinaface-mobilenet0.25"]}
    torch.save(tensors, tmp_path / "mine.pth")
    return tmp_path / "mine.pth"


@pytest.fixture
def _offline(monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise download.urllib.error.URLError("no network")

    monkeypatch.setattr(download.urllib.request, "urlopen", unreachable)
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))


def test_our_own_pipeline_needs_nothing_but_what_is_bundled():
    assert isinstance(detector_of(RetratoPipeline(), CPU).find_faces, MTCNNDetector)
    assert isinstance(placement_of(RetratoPipeline(), CPU), SeamlessPlacement)


def test_our_own_pipeline_bounds_what_retinaface_looks_at_and_the_published_does_not(detector_file):
    assert detector_of(RetratoPipeline(detector_file), CPU).find_faces.config.longest_side == 1024
    assert detector_of(PublishedPipeline(detector_file), CPU).config.longest_side is None


def test_squares_need_no_parser():
    assert placement_of(PublishedPipeline(mask=FaceMask.SQUARE), CPU).parse_faces is None


@pytest.mark.usefixtures("_offline")
def test_without_a_connection_the_published_pipeline_says_what_to_fetch():
    with pytest.raises(UnavailableWeights, match=r"detection_Resnet50_Final\.pth elsewhere"):
        detector_of(PublishedPipeline(), CPU)
    with pytest.raises(UnavailableWeights, match=r"parsing_parsenet\.pth elsewhere"):
        placement_of(PublishedPipeline(), CPU)


def test_an_unknown_detector_is_refused():
    with pytest.raises(UnknownWeights, match=r"'yolo'.*mtcnn"):
        PhotoRestorer.from_weights("bundled", pipeline=RetratoPipeline("yolo"))


def test_the_published_pipeline_restores_the_astronaut(published, astronaut):
    pipeline = PublishedPipeline(published("retinaface-mobilenet0.25"), FaceMask.SQUARE)
    restorer = PhotoRestorer.from_weights("bundled", upscale=2, pipeline=pipeline)
    result = restorer(Photo(astronaut))
    (face,) = result.faces
    assert isinstance(restorer.placement, PublishedPlacement)
    expected = restorer.placement.cut_out(astronaut, face.face, restorer.restore_faces.size)
    assert np.array_equal(face.crop.image, expected.image)
    assert result.image.shape == (1024, 1024, 3)
