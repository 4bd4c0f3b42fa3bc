import PIL.Image
import pytest
import torch
from click.testing import CliRunner

from doubles import TINY
from retrato.cli.main import retrato
from retrato.errors import UnwritableOutput
from retrato.networks.gfpgan import GFPGAN
from retrato.weights.store import StoredWeights, config_fields, write_weights


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    stored = StoredWeights("gfpgan", config_fields(TINY), GFPGAN(TINY).state_dict(), {"recipe": "tiny"})
    write_weights(tmp_path / "tiny.safetensors", stored)

    def call(*arguments):
        return CliRunner().invoke(retrato, [*map(str, arguments)], catch_exceptions=False)

    return call


def test_an_exported_onnx_file_restores_photos(run, tmp_path):
    import skimage.data

    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    PIL.Image.fromarray(skimage.data.astronaut()[0:256, 100:356]).save("me.png")
    written = run("export", "onnx", "--weights", "tiny.safetensors")
    assert written.exit_code == 0
    assert "tiny.onnx: GFP-GAN, tiny after some iterations; " in written.output
    assert "faces (N, 3, 32, 32)" in written.output
    restored = run("restore", "me.png", "--weights", "tiny.onnx", "--engine", "onnx")
    assert restored.exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "me.png") as picture:
        assert "run by ONNX Runtime" in picture.getexif()[11]


def test_a_file_that_exists_is_replaced_only_where_asked(run, tmp_path):
    (tmp_path / "mine.pt2").write_text("precious")
    with pytest.raises(UnwritableOutput, match="exists"):
        run("export", "torch", "--weights", "tiny.safetensors", "-o", "mine.pt2")
    assert (tmp_path / "mine.pt2").read_text() == "precious"
    assert run("export", "torch", "--weights", "tiny.safetensors", "-o", "mine.pt2", "--overwrite").exit_code == 0
    assert torch.export.load(tmp_path / "mine.pt2").module()(torch.zeros(3, 3, 32, 32)).shape == (3, 3, 32, 32)


def test_a_name_that_ends_otherwise_than_its_format_is_a_wrong_option(run):
    result = run("export", "onnx", "--weights", "tiny.safetensors", "-o", "model.pt2")
    assert result.exit_code == 2
    assert "model.pt2 does not end in .onnx" in result.output
