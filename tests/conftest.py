"""What several tests share."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import settings

from doubles import REFERENCE, published_weights
from retrato.errors import UnavailableWeights
from retrato.export.files import export_weights
from retrato.export.formats import ExportFormat
from retrato.images.tensors import to_pictures
from retrato.networks.lpips import LPIPS
from retrato.networks.mobilefacenet import MobileFaceNet
from retrato.weights import download
from retrato.weights.names.kinds import Kind

settings.register_profile("the same everywhere", derandomize=True, deadline=None)
settings.load_profile("the same everywhere")


@pytest.fixture(autouse=True)
def _one_thread():
    """Tests run side by side, one core each."""
    torch.set_num_threads(1)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def astronaut():
    """A photo with one face (NASA, public domain)."""
    import skimage.data

    return skimage.data.astronaut()


@pytest.fixture
def faces(astronaut):
    """Four square pictures of 64 px in [-1, 1], smooth and detailed ones."""
    corners = [(0, 100), (0, 180), (250, 0), (300, 300)]
    crops = np.stack([astronaut[top : top + 128 : 2, left : left + 128 : 2] for top, left in corners])
    return torch.from_numpy(crops).permute(0, 3, 1, 2) / 127.5 - 1


@pytest.fixture(scope="session")
def metric_pictures():
    """A target, and three worse versions of it: those that the reference numbers of metrics are for."""
    with np.load(REFERENCE / "metric_pictures.npz") as images:
        return {name: to_pictures([images[name]]) for name in images}


@pytest.fixture(scope="session")
def two_pairs(metric_pictures):
    """Two pictures of 64 px and their targets: those that the reference numbers of networks are for."""
    pictures = torch.cat([metric_pictures["blur2"][..., :64, :64], metric_pictures["noise"][..., 96:160, 96:160]])
    target = metric_pictures["target"]
    return pictures, torch.cat([target[..., :64, :64], target[..., 96:160, 96:160]])


@pytest.fixture
def judges():
    """LPIPS and MobileFaceNet with weights by chance, for what needs no meaningful scores."""
    torch.manual_seed(0)
    perceptual = LPIPS().requires_grad_(False)
    for weight in perceptual.weights:
        weight.fill_(0.1)
    return SimpleNamespace(perceptual=perceptual, recognition=MobileFaceNet().eval().requires_grad_(False))


@pytest.fixture
def animevideo():
    """Real-ESRGAN's smallest published file, or skips: the catalog has none for drawings."""
    path = Path(os.environ.get("RETRATO_WEIGHTS", "")) / "realesr-animevideov3.pth"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine (RETRATO_WEIGHTS names a folder with it)")
    return path


@pytest.fixture
def published(monkeypatch):
    """Finds a published file on this machine, or skips: tests download nothing."""

    def find(name: str) -> Path:
        def offline(*_):
            raise UnavailableWeights("tests stay offline")

        monkeypatch.setattr(download, "download", offline)
        try:
            return download.find_weights(name)
        except UnavailableWeights:
            pytest.skip(f"{name} is not on this machine (RETRATO_WEIGHTS names a folder with it)")

    return find


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Callable[[Kind], Path]:
    """The ONNX file of the reference weights of a kind; exporting takes seconds, so each is made once."""
    pytest.importorskip("onnxscript", reason="exporting needs the extra onnx")

    @cache
    def export(kind: Kind) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        torch.save(published_weights(f"gfpgan_{kind}.safetensors"), folder / f"{kind}.pth")
        export_weights(folder / f"{kind}.pth", folder / f"{kind}.onnx", ExportFormat.ONNX)
        return folder / f"{kind}.onnx"

    return export
