import pytest

from retrato.errors import UnusableWeights
from retrato.export.label import ExportLabel

LABEL = ExportLabel("GFP-GAN, tiny", 32, "0" * 64, "Apache-2.0", "0.1.0")


def test_a_label_is_read_as_it_was_written():
    assert ExportLabel.from_metadata(LABEL.as_metadata(), "x.onnx") == LABEL


def test_a_file_says_that_restored_pixels_are_guesses():
    assert "guess" in LABEL.as_metadata()["retrato.notice"]


@pytest.mark.parametrize("change", [{"retrato.image_size": "large"}, {}])
def test_a_file_of_somebody_else_is_refused_with_what_to_do(change):
    metadata = {**LABEL.as_metadata(), **change} if change else {"author": "somebody"}
    with pytest.raises(UnusableWeights, match=r"x\.onnx was not exported by retrato.*retrato export onnx"):
        ExportLabel.from_metadata(metadata, "x.onnx")
