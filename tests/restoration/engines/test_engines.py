"""Every engine that runs exported files, held to the same."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE
from retrato.errors import MissingPackage, UnusableWeights
from retrato.export.files import export_weights
from retrato.export.formats import ExportFormat
from retrato.images.files import read_image
from retrato.images.search import find_images
from retrato.images.tensors import to_pictures
from retrato.precision import Precision
from retrato.restoration.engines.onnx_runtime import OnnxRestorer
from retrato.restoration.engines.openvino import OpenVINORestorer
from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer
from retrato.weights.names.kinds import Kind

TOLERANCE = 1e-3
"""An eighth of a level; all agree to about 1e-5."""

PACKAGES = {OnnxRestorer: "onnxruntime", OpenVINORestorer: "openvino"}


@pytest.fixture(params=PACKAGES, ids=PACKAGES.values())
def engine(request):
    if not find_spec(PACKAGES[request.param]):  # importing openvino here would tell its maker
        pytest.skip(f"{PACKAGES[request.param]} is not installed")
    return request.param


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    pytest.importorskip("onnxscript", reason="exporting needs the extra onnx")
    path = tmp_path_factory.mktemp("bundled") / "bundled.onnx"
    export_weights("bundled", path, ExportFormat.ONNX)
    return path


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("count", [1, 3, 8])
def test_every_kind_restores_any_number_of_faces_as_published(engine, exported, kind, count):
    reference = load_file(REFERENCE / f"gfpgan_{kind}.safetensors")
    places = torch.arange(count) % len(reference["input.faces"])
    restored = engine(exported(kind))(reference["input.faces"][places])
    expected = reference["output.restored"].clamp(-1, 1)[places]
    torch.testing.assert_close(restored, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_bundled_model_restores_a_portrait_as_torch_does(engine, bundled, astronaut, count):
    faces = to_pictures([astronaut[place : place + 256, 100:356] for place in range(count)])
    expected = GFPGANRestorer.from_weights("bundled", "cpu", Precision.FP32)(faces)
    torch.testing.assert_close(engine(bundled)(faces), expected, rtol=0, atol=TOLERANCE)


def test_the_bundled_model_restores_many_faces_as_torch_does(engine, bundled):
    folder = Path(os.environ.get("RETRATO_WEIGHTS", "")).parent / "faces" / "valid"
    if not folder.is_dir():
        pytest.skip("no folder faces/valid beside the one that RETRATO_WEIGHTS names")
    faces = to_pictures([read_image(path).image[::2, ::2] for path in find_images(folder)[:8]])  # of 512 px
    expected = GFPGANRestorer.from_weights("bundled", "cpu", Precision.FP32)(faces)
    torch.testing.assert_close(engine(bundled)(faces), expected, rtol=0, atol=TOLERANCE)


def test_an_engine_is_a_face_restorer_that_says_what_it_is(engine, exported):
    restorer = engine(exported(Kind.CLEAN))
    assert isinstance(restorer, FaceRestorer)
    assert restorer.size == 64
    assert restorer.name.startswith("GFP-GAN, published weights clean.pth (clean), run by O")


@pytest.mark.parametrize("content", [b"", b"dear diary", None])
def test_a_file_that_is_no_onnx_file_is_named(engine, tmp_path, content):
    if content is not None:
        (tmp_path / "w.onnx").write_bytes(content)
    with pytest.raises(UnusableWeights, match=r"w\.onnx"):
        engine(tmp_path / "w.onnx")


def test_a_file_that_is_cut_short_is_named(engine, exported, tmp_path):
    (tmp_path / "w.onnx").write_bytes(exported(Kind.CLEAN).read_bytes()[:5000])
    with pytest.raises(UnusableWeights, match="not an ONNX file that can be run"):
        engine(tmp_path / "w.onnx")


def test_an_onnx_file_of_somebody_else_is_refused(engine, exported, tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported(Kind.CLEAN))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "w.onnx")
    with pytest.raises(UnusableWeights, match="was not exported by retrato"):
        engine(tmp_path / "w.onnx")


@pytest.mark.parametrize(("restorer", "extra"), [(OnnxRestorer, "onnx"), (OpenVINORestorer, "openvino")])
def test_without_its_package_an_engine_names_its_extra(restorer, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[restorer], None)
    with pytest.raises(MissingPackage, match=rf'pip install "retrato\[{extra}\]"'):
        restorer(tmp_path / "w.onnx")


@pytest.mark.skipif(not find_spec("openvino"), reason="openvino is not installed")
def test_openvino_tells_nobody_that_it_is_used(exported):
    OpenVINORestorer(exported(Kind.CLEAN))
    assert not any(name.startswith("openvino_telemetry") for name in sys.modules)


@pytest.mark.skipif(not find_spec("openvino"), reason="openvino is not installed")
def test_openvino_computes_in_bfloat16_only_where_asked(exported):
    faces = load_file(REFERENCE / "gfpgan_clean.safetensors")["input.faces"]
    full = OpenVINORestorer(exported(Kind.CLEAN))
    half = OpenVINORestorer(exported(Kind.CLEAN), is_bf16=True)
    assert full.name.endswith("float32")
    assert half.name.endswith("bfloat16")
    # 8 bits of mantissa, in some dozen layers; on a CPU without bfloat16 the hint changes nothing.
    torch.testing.assert_close(half(faces), full(faces), rtol=0, atol=0.1)
