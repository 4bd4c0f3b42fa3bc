import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, published_weights
from retrato.restoration.loading import load_restorer
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.restoreformer import RestoreFormerRestorer
from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer


@pytest.fixture
def restoreformer(tmp_path):
    path = tmp_path / "RestoreFormer.pth"
    torch.save({"params": published_weights("restoreformer.safetensors")}, path)
    return path


def test_weights_choose_the_restorer(restoreformer):
    assert isinstance(load_restorer(restoreformer, "cpu"), RestoreFormerRestorer)
    assert isinstance(load_restorer("bundled", "cpu"), GFPGANRestorer)


def test_restoreformer_is_a_restorer_of_faces(restoreformer):
    restorer = load_restorer(restoreformer, "cpu")
    assert isinstance(restorer, FaceRestorer)
    assert (restorer.size, restorer.name) == (32, "RestoreFormer, published weights RestoreFormer.pth")


def test_restoreformer_restores_as_published_within_what_a_picture_holds(restoreformer):
    reference = load_file(REFERENCE / "restoreformer.safetensors")
    restored = load_restorer(restoreformer, "cpu")(reference["input.faces"].float())
    torch.testing.assert_close(restored, reference["output.restored"].clamp(-1, 1), rtol=0, atol=2e-5)


def test_a_photo_is_restored_with_whatever_its_weights_are_for(restoreformer):
    assert PhotoRestorer.from_weights(restoreformer, device="cpu").restore_faces.size == 32


def test_the_background_is_named_as_weights_are(tmp_path):
    torch.save(published_weights("srvgg.safetensors"), tmp_path / "tiny.pth")
    restorer = PhotoRestorer.from_weights("bundled", upscale=2, background=tmp_path / "tiny.pth", device="cpu")
    assert restorer.upscale_background.name == "Real-ESRGAN, weights tiny.pth"
    assert PhotoRestorer.from_weights("bundled", device="cpu").upscale_background.name == "Lanczos"
