import pytest

from retrato.errors import UnusableWeights, UnwritableOutput
from retrato.export import kept
from retrato.export.kept import kept_onnx


@pytest.fixture
def exports(monkeypatch, tmp_path):
    """What was exported, without the seconds that it takes."""
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    done = []

    def export(name_or_file, path, _format):
        done.append(name_or_file)
        path.write_text(f"exported for the {len(done)}. time")

    monkeypatch.setattr(kept, "export_weights", export)
    return done


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_text("some weights")
    return path


def test_the_same_weights_are_exported_once_whatever_they_are_called(exports, weights):
    first = kept_onnx(weights)
    renamed = weights.rename(weights.with_name("renamed.safetensors"))
    assert kept_onnx(renamed) == first
    assert exports == [weights]
    assert first.read_text() == "exported for the 1. time"


def test_other_weights_are_another_file(exports, weights):
    first = kept_onnx(weights)
    weights.write_text("trained on")
    assert kept_onnx(weights) != first
    assert len(exports) == 2


def test_another_version_exports_anew(exports, weights, monkeypatch):
    first = kept_onnx(weights)
    monkeypatch.setattr(kept, "__version__", "99.0")
    assert kept_onnx(weights) != first


def test_files_are_kept_where_retrato_home_says_and_nothing_beside_them(exports, weights, tmp_path):
    kept_file = kept_onnx(weights)
    assert list((tmp_path / "home" / "exported").iterdir()) == [kept_file]


def test_a_failed_export_leaves_nothing(exports, weights, tmp_path, monkeypatch):
    def fail(_name, path, _format):
        path.write_text("half")
        raise UnusableWeights("broken")

    monkeypatch.setattr(kept, "export_weights", fail)
    with pytest.raises(UnusableWeights):
        kept_onnx(weights)
    assert list((tmp_path / "home" / "exported").iterdir()) == []


def test_weights_that_are_not_there_are_named(exports, tmp_path):
    with pytest.raises(UnusableWeights, match="no weights file"):
        kept_onnx(tmp_path / "missing.safetensors")


def test_a_home_that_is_no_folder_is_named_with_what_to_do(exports, weights, tmp_path):
    (tmp_path / "home").touch()
    with pytest.raises(UnwritableOutput, match="set RETRATO_HOME to another folder"):
        kept_onnx(weights)
