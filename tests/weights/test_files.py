import numpy as np
import pytest
import torch

from retrato.errors import UnusableWeights
from retrato.weights.files import read_torch, read_torch_arrays

TENSORS = {"model.weight": torch.ones(2)}


def test_a_checkpoint_of_lightning_holds_its_tensors_one_level_down(tmp_path):
    torch.save({"state_dict": TENSORS, "epoch": 3}, tmp_path / "last.ckpt")
    assert read_torch(tmp_path / "last.ckpt").keys() == TENSORS.keys()


def test_arrays_are_read_and_other_values_left_out(tmp_path):
    torch.save({"name": "FFHQ", "size": 512, "mean": np.arange(3.0)}, tmp_path / "statistics.pth")
    found = read_torch_arrays(tmp_path / "statistics.pth")
    assert found.keys() == {"mean"}
    assert found["mean"].tolist() == [0, 1, 2]


def test_arrays_pickled_before_numpy_2_are_read(tmp_path):
    torch.save({"mean": np.arange(3.0)}, tmp_path / "new.pth", _use_new_zipfile_serialization=False)
    older = (tmp_path / "new.pth").read_bytes().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    (tmp_path / "old.pth").write_bytes(older)
    assert read_torch_arrays(tmp_path / "old.pth")["mean"].tolist() == [0, 1, 2]


class Harmful:
    """What must not be called."""

    def __reduce__(self):
        return print, ("unpickled",)


@pytest.mark.parametrize("content", [{"mean": Harmful()}, {"mean": np.array([Harmful()], dtype=object)}])
def test_nothing_but_arrays_is_unpickled(tmp_path, content, capsys):
    torch.save(content, tmp_path / "statistics.pth")
    with pytest.raises(UnusableWeights, match="not a readable file of arrays"):
        read_torch_arrays(tmp_path / "statistics.pth")
    assert capsys.readouterr().out == ""


def test_what_is_no_file_of_torch_is_refused(tmp_path):
    (tmp_path / "statistics.pth").write_bytes(b"a picture, perhaps")
    with pytest.raises(UnusableWeights):
        read_torch_arrays(tmp_path / "statistics.pth")
