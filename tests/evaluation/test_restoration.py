import math

import pytest
import torch

from retrato.degradation import DegradationRanges, Preset
from retrato.evaluation.gate import IdentityGate
from retrato.evaluation.restoration import INPUT, TARGET, TO_INPUT, candidate_names, measure_faces
from retrato.evaluation.trials import degraded_trial, stored_trial


@pytest.fixture
def trial(write_faces):
    return degraded_trial("good", write_faces("good"), Preset.PAPER)


def test_a_restorer_that_does_nothing_scores_as_the_degraded_faces(trial, measures, unchanged):
    for face in measure_faces(trial, {"nothing": unchanged}, measures, 64):
        assert face.numbers["nothing"] == face.numbers[INPUT]


def test_untouched_faces_are_perfect(trial, measures, unchanged, monkeypatch):
    untouched = DegradationRanges(untouched_share=1.0, grey_share=0.0)
    monkeypatch.setattr(Preset, "ranges", property(lambda _: untouched))
    face = next(measure_faces(trial, {"nothing": unchanged}, measures, 64))
    assert face.numbers["nothing"]["psnr"] == math.inf


def test_a_bad_restorer_scores_worse_than_the_degraded_faces(trial, measures, black):
    for face in measure_faces(trial, {"black": black}, measures, 64):
        assert face.numbers["black"]["psnr"] < face.numbers[INPUT]["psnr"]
        assert face.numbers["black"]["laplacian-variance"] == 0


def test_faces_are_measured_as_files_of_them_would_be(trial, measures, unchanged):
    """256 levels: whoever writes the faces and measures the files finds the same."""

    class Finer:
        size, name = 64, "finer"

        def __call__(self, faces):
            return faces + 0.4 / 127.5

    for face in measure_faces(trial, {"finer": Finer(), "nothing": unchanged}, measures, 64):
        # 0.4 of a level is rounded away, but where a picture was at the brightest level already.
        assert face.numbers["finer"] == pytest.approx(face.numbers["nothing"], abs=1e-4)


def test_all_pictures_of_a_face_are_there_to_be_looked_at(trial, measures, black):
    face = next(measure_faces(trial, {"black": black}, measures, 64))
    assert list(face.pictures) == [INPUT, "black", TARGET]
    assert torch.equal(face.pictures["black"], torch.full((3, 64, 64), -1.0))


def test_real_photos_are_compared_with_themselves_by_identity_alone(write_faces, measures, black):
    trial = stored_trial("real", inputs=write_faces("inputs"))
    face = next(measure_faces(trial, {"black": black}, measures, 64))
    assert set(face.numbers["black"]) == {f"identity-mobilefacenet{TO_INPUT}", "laplacian-variance"}
    assert set(face.numbers[INPUT]) == {"laplacian-variance"}
    assert face.numbers["black"][f"identity-mobilefacenet{TO_INPUT}"] < 0.9


def test_a_gate_looks_at_the_input_even_where_the_truth_is_known(trial, measures, unchanged):
    gate = IdentityGate(0.5, "identity-mobilefacenet")
    for face in measure_faces(trial, {"nothing": unchanged}, measures, 64, gate):
        assert face.numbers["nothing"][f"identity-mobilefacenet{TO_INPUT}"] == 1
        assert face.numbers["nothing"]["identity-mobilefacenet"] < 1


def test_what_others_have_restored_is_measured_as_it_is(write_faces, measures, faces):
    trial = stored_trial("theirs", restored=write_faces("restored"), targets=write_faces("targets"))
    for face in measure_faces(trial, {}, measures, 64, restored_name="theirs"):
        assert face.numbers["theirs"]["psnr"] == math.inf
    assert candidate_names(trial, [], "theirs") == ("theirs",)


def test_many_faces_go_through_in_batches_and_come_out_one_by_one(write_faces, measures, unchanged, faces):
    names = [f"{place:02}.png" for place in range(11)]
    trial = degraded_trial("many", write_faces("many", names, faces.repeat(3, 1, 1, 1)), Preset.LIGHT)
    assert [face.name for face in measure_faces(trial, {"nothing": unchanged}, measures, 64)] == names
