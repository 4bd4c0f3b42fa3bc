"""docs/export.md is true: its programs run on exported files."""

import re
import shutil
from pathlib import Path

import PIL.Image
import pytest
import torch

from doubles import published_weights
from retrato.export.files import export_weights
from retrato.export.formats import ExportFormat
from retrato.weights.names.kinds import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


def test_the_programs_restore_a_face_with_either_file(tmp_path, monkeypatch, astronaut, exported):
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    shutil.copy(exported(Kind.CLEAN), "gfpgan-256-compact.onnx")
    torch.save(published_weights("gfpgan_clean.safetensors"), "w.pth")
    export_weights("w.pth", Path("gfpgan-256-compact.pt2"), ExportFormat.TORCH)
    PIL.Image.fromarray(astronaut[0:256, 100:356]).save("face.png")
    names: dict[str, object] = {}
    in_onnx, in_torch = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(in_onnx, "export.md", "exec"), names)
    from_onnx = torch.from_numpy(names["restored"])
    exec(compile(in_torch, "export.md", "exec"), names)
    torch.testing.assert_close(from_onnx, names["restored"], rtol=0, atol=1e-4)
    with PIL.Image.open("restored.png") as picture:
        assert picture.size == (64, 64)


def test_the_metadata_are_those_that_the_page_names(exported):
    onnx = pytest.importorskip("onnx")
    written = {each.key for each in onnx.load(exported(Kind.CLEAN)).metadata_props}
    assert written == set(re.findall(r"`(retrato\.[a-z0-9_]+)`", PAGE))
