import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from doubles import REFERENCE, TINY, published_weights
from retrato.errors import MissingPackage, UnusableWeights, UnwritableOutput
from retrato.export import files
from retrato.export.files import export_weights, label_of
from retrato.export.formats import ExportFormat
from retrato.networks.gfpgan import GFPGAN
from retrato.weights.catalog import published_file
from retrato.weights.copies import sha256
from retrato.weights.names.kinds import Kind
from retrato.weights.store import StoredWeights, config_fields, write_weights

MACHINE = [str(Path(__file__).parents[2]), str(Path(torch.__file__).parent)]
"""Folders that are nobody else's business."""


@pytest.fixture
def tiny_weights(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    write_weights(path, StoredWeights("gfpgan", config_fields(TINY), GFPGAN(TINY).state_dict(), {"recipe": "tiny"}))
    return path


@pytest.fixture(scope="module", params=Kind)
def program(request, tmp_path_factory):
    """The torch program of the reference weights of each kind, and the numbers that were published with them."""
    folder = tmp_path_factory.mktemp("program")
    torch.save(published_weights(f"gfpgan_{request.param}.safetensors"), folder / "w.pth")
    export_weights(folder / "w.pth", folder / "w.pt2", ExportFormat.TORCH)
    return folder / "w.pt2", load_file(REFERENCE / f"gfpgan_{request.param}.safetensors")


def test_a_torch_program_restores_any_number_of_faces_as_published(program):
    path, reference = program
    restore = torch.export.load(path).module()
    faces, restored = reference["input.faces"], reference["output.restored"].clamp(-1, 1)
    for count in (1, 3, 8):
        places = torch.arange(count) % len(faces)
        torch.testing.assert_close(restore(faces[places]), restored[places], rtol=0, atol=1e-5)


def test_a_torch_program_has_its_label_inside(program):
    path, _ = program
    inside = {"retrato.json": ""}
    torch.export.load(path, extra_files=inside)
    assert json.loads(inside["retrato.json"])["retrato.image_size"] == "64"


def test_a_torch_program_names_no_folder_of_this_machine(program):
    content = program[0].read_bytes()
    assert not any(folder.encode() in content for folder in MACHINE)


def test_an_onnx_file_takes_any_number_of_faces_and_gives_as_many(exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported(Kind.CLEAN))
    (taken,), (given) = model.graph.input, model.graph.output[0]
    assert [each.dim_param or each.dim_value for each in taken.type.tensor_type.shape.dim] == ["batch", 3, 64, 64]
    assert [each.dim_param or each.dim_value for each in given.type.tensor_type.shape.dim] == ["batch", 3, 64, 64]
    assert (taken.name, given.name) == ("faces", "restored")


def test_an_onnx_file_is_valid_and_of_the_oldest_operators_there_are(exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported(Kind.ORIGINAL))
    onnx.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]


def test_an_onnx_file_draws_no_noise_of_its_own(exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported(Kind.CLEAN))
    assert not any(each.op_type.startswith("Random") for each in model.graph.node)


def test_an_onnx_file_names_no_folder_of_this_machine(exported):
    content = exported(Kind.CLEAN).read_bytes()
    assert not any(folder.encode() in content for folder in MACHINE)


def test_a_label_says_which_weights_and_how_they_are_licensed(tiny_weights):
    label = label_of(tiny_weights, 32)
    assert label.restorer == "GFP-GAN, tiny after some iterations"
    assert label.weights_sha256 == sha256(tiny_weights)
    assert "not stated" in label.licence
    assert label_of("bundled", 256).licence == "Apache-2.0"


def test_a_published_file_has_its_licence_under_any_name(tiny_weights, monkeypatch):
    known = replace(published_file("gfpgan-v1.4"), sha256=sha256(tiny_weights), licence="as published")
    monkeypatch.setattr(files, "PUBLISHED_FILES", (known,))
    assert label_of(tiny_weights, 32).licence == "as published"


def test_weights_that_cannot_be_used_leave_no_file(tmp_path):
    (tmp_path / "w.safetensors").write_text("dear diary")
    with pytest.raises(UnusableWeights):
        export_weights(tmp_path / "w.safetensors", tmp_path / "out" / "w.pt2", ExportFormat.TORCH)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_written_half_is_taken_away(tiny_weights, tmp_path, monkeypatch):
    def disk_full(program, label, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_torch_program", disk_full)
    with pytest.raises(UnwritableOutput, match="No space left"):
        export_weights(tiny_weights, tmp_path / "out" / "w.pt2", ExportFormat.TORCH)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_without_the_packages_onnx_names_its_extra(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackage, match=rf'package {package}: pip install "retrato\[onnx\]"'):
        export_weights("bundled", tmp_path / "w.onnx", ExportFormat.ONNX)
