import pytest
import torch

from doubles import TINY
from retrato.errors import MissingPackage, UnavailableDevice, UnknownEngine, UnusableWeights
from retrato.networks.gfpgan import GFPGAN
from retrato.precision import Precision
from retrato.restoration.engines import choose
from retrato.restoration.engines.names import EngineName
from retrato.restoration.engines.onnx_runtime import OnnxRestorer
from retrato.restoration.loading import load_restorer
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.restorer import GFPGANRestorer
from retrato.weights.names.kinds import Kind
from retrato.weights.store import StoredWeights, config_fields, write_weights

ALL = {"onnx", "onnxscript", "onnxruntime", "openvino"}


@pytest.fixture
def tiny_weights(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    write_weights(path, StoredWeights("gfpgan", config_fields(TINY), GFPGAN(TINY).state_dict(), {"recipe": "tiny"}))
    return path


@pytest.fixture
def installed(monkeypatch):
    """Lets only some of the engines' packages be found."""
    return lambda packages: monkeypatch.setattr(choose, "find_spec", lambda name: name in packages or None)


def test_weights_are_run_by_torch_unless_asked_otherwise(tiny_weights):
    assert isinstance(load_restorer(tiny_weights), GFPGANRestorer)


@pytest.mark.parametrize("packages", [set(), {"onnxruntime", "openvino"}, {"onnx", "onnxscript"}])
def test_auto_is_torch_where_nothing_else_can_export_and_run(tiny_weights, installed, packages):
    installed(packages)
    assert isinstance(load_restorer(tiny_weights, "cpu", engine="auto"), GFPGANRestorer)


def test_auto_takes_what_the_table_says_is_fastest(installed, monkeypatch):
    installed(ALL)
    asked = []

    class Table:
        def fastest(self, engines, precision):
            asked.extend(engines)
            return EngineName.OPENVINO

    monkeypatch.setattr(choose, "read_speeds", Table)
    assert choose.fastest_engine(is_exported=False, device="cpu") is EngineName.OPENVINO
    assert asked == [EngineName.TORCH, EngineName.ONNX, EngineName.OPENVINO]


def test_auto_never_takes_torch_for_an_exported_file(installed):
    installed(ALL)
    assert choose.fastest_engine(is_exported=True) in {EngineName.ONNX, EngineName.OPENVINO}


def test_an_exported_file_without_any_engine_names_the_extra(installed, tmp_path):
    installed(set())
    with pytest.raises(MissingPackage, match=r'pip install "retrato\[onnx\]"'):
        load_restorer(tmp_path / "w.onnx")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_an_engine_that_is_not_installed_names_its_own_extra_before_anything_is_exported(
    installed, tiny_weights, tmp_path, monkeypatch, engine
):
    installed(set())
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    with pytest.raises(MissingPackage, match=rf'pip install "retrato\[{engine}\]"'):
        load_restorer(tiny_weights, engine=engine)
    assert not (tmp_path / "home").exists()


def test_an_exported_file_runs_without_being_told_how(exported, installed):
    pytest.importorskip("onnxruntime")
    installed({"onnxruntime"})
    assert isinstance(load_restorer(exported(Kind.CLEAN)), OnnxRestorer)


def test_an_unknown_engine_is_refused_with_the_known_ones(tiny_weights):
    with pytest.raises(UnknownEngine, match="'tensorrt': name one of auto, torch, onnx, openvino"):
        load_restorer(tiny_weights, engine="tensorrt")


def test_torch_does_not_run_exported_files(tmp_path):
    with pytest.raises(UnusableWeights, match="use the engine onnx, openvino or auto"):
        load_restorer(tmp_path / "w.onnx", engine="torch")


def test_a_torch_program_is_for_other_programs(tmp_path):
    with pytest.raises(UnusableWeights, match="is a torch program, for use without retrato"):
        load_restorer(tmp_path / "w.pt2")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_the_other_engines_compute_on_the_cpu_alone(tiny_weights, engine):
    with pytest.raises(UnavailableDevice, match=f"the engine {engine} computes on the CPU, not on cuda"):
        load_restorer(tiny_weights, "cuda", engine=engine)


def test_ordinary_weights_are_exported_once_and_restore_as_torch_does(tiny_weights, tmp_path, monkeypatch, faces):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    small = faces[:, :, ::2, ::2]
    restored = PhotoRestorer.from_weights(tiny_weights, engine="onnx").restore_faces(small)
    torch.testing.assert_close(restored, load_restorer(tiny_weights, "cpu", Precision.FP32)(small), rtol=0, atol=1e-4)
    (kept,) = (tmp_path / "home" / "exported").iterdir()
    written = kept.stat().st_mtime_ns
    load_restorer(tiny_weights, engine="onnx")
    assert kept.stat().st_mtime_ns == written


def test_a_seed_is_for_torch_alone(tiny_weights, installed):
    installed(ALL)
    with pytest.raises(UnknownEngine, match="onnx has the stored noise only"):
        load_restorer(tiny_weights, "cpu", noise_seed=3, engine="onnx")
