import math

import pytest
import torch

from retrato.degradation import Preset
from retrato.evaluation.gate import IdentityGate
from retrato.evaluation.restoration import INPUT, MeasuredFace, measure_faces
from retrato.evaluation.result import Questions, badness, gather, ranking_metric, title_of, with_groups
from retrato.evaluation.sets import SetQuestions
from retrato.evaluation.trials import degraded_trial
from retrato.metrics.features import FeatureKind
from retrato.metrics.measuring import PAIRED
from retrato.metrics.table import metric


@pytest.fixture
def trial(write_faces):
    return degraded_trial("good", write_faces("good"), Preset.PAPER)


@pytest.fixture
def evaluate(trial, measures, unchanged, black):
    restorers = {"black": black, "nothing": unchanged}

    def call(questions):
        faces = measure_faces(trial, restorers, measures, 64, questions.gate)
        return gather(faces, trial, list(restorers), 64, questions)

    return call


def test_candidates_are_the_input_and_the_restorers_in_their_order(evaluate):
    found = evaluate(Questions())
    assert found.candidates == (INPUT, "black", "nothing")
    assert found.restorers == ("black", "nothing")


def test_metrics_come_in_the_order_of_their_table(evaluate):
    assert evaluate(Questions()).metric_names == ("psnr", "identity-mobilefacenet", "laplacian-variance")


def test_means_and_changes_are_those_of_the_faces(evaluate):
    found = evaluate(Questions())
    numbers = found.numbers("black", "psnr")
    assert found.mean("black", "psnr").value == pytest.approx(sum(numbers) / 4)
    assert found.change("nothing", "psnr").value == 0
    assert found.change("black", "psnr").value < 0


def test_pictures_are_kept_of_the_worst_faces_alone_the_worst_first(evaluate):
    found = evaluate(Questions(shown=2))
    worst = sorted(found.faces, key=lambda face: face.numbers["black"]["psnr"])[:2]
    assert [face.name for face in found.shown] == [face.name for face in worst]


def test_a_group_has_means_of_its_own(evaluate):
    found = with_groups(evaluate(Questions()), {"a": "young", "b": "young", "c": "old"})
    assert found.groups == ("old", "young")
    assert found.mean(INPUT, "psnr", "young").face_count == 2
    assert found.mean(INPUT, "psnr").face_count == 4


def test_a_group_has_a_change_of_its_own(evaluate):
    found = with_groups(evaluate(Questions()), {"a": "young", "b": "young", "c": "old"})
    before, after = (found.numbers(name, "psnr", "young") for name in (INPUT, "black"))
    change = found.change("black", "psnr", "young")
    assert change.value == pytest.approx(sum(after) / 2 - sum(before) / 2)
    assert change.face_count == 2


def test_the_gate_names_who_is_somebody_else(evaluate):
    found = evaluate(Questions(gate=IdentityGate(0.99, "identity-mobilefacenet")))
    assert found.gate_failures("nothing") == ()
    assert set(found.gate_failures("black")) == {"a.png", "b.png", "c.png", "d.png"}


def test_sets_are_compared_with_the_targets_of_the_same_pictures(evaluate):
    kind = FeatureKind.INCEPTION_768
    sets = SetQuestions((metric("fid-768"),), {kind: lambda pictures: pictures.mean((2, 3))})
    found = evaluate(Questions(sets))
    (black,), (nothing,) = found.sets["black"], found.sets["nothing"]
    assert black.value > nothing.value > 0
    assert (black.set_name, black.reference_name, black.picture_count) == ("black", PAIRED, 4)


def test_what_cannot_be_measured_stays_named(evaluate):
    assert evaluate(Questions(missing={"fid": "no file"})).missing == {"fid": "no file"}


def test_faces_are_ranked_by_what_sees_most():
    assert ranking_metric(["psnr", "lpips-squeezenet", "niqe"]) == "lpips-squeezenet"
    assert ranking_metric(["niqe", "identity-mobilefacenet-to-input"]) == "identity-mobilefacenet-to-input"
    assert ranking_metric([]) is None


def test_of_which_side_is_bad_the_table_knows():
    assert badness("psnr", 20) > badness("psnr", 30)
    assert badness("niqe", 8) > badness("niqe", 4)
    assert badness("psnr", math.nan) == math.inf


def test_a_number_to_the_input_says_so():
    assert title_of("identity-mobilefacenet-to-input") == "Identity, MobileFaceNet, to the input (cosine)"


def test_equal_faces_do_not_compete_by_their_pictures(trial):
    face = MeasuredFace("a.png", {INPUT: {"psnr": 1.0}, "one": {"psnr": 1.0}}, {INPUT: torch.zeros(3, 4, 4)})
    assert len(gather([face, face, face], trial, ["one"], 4, Questions(shown=2)).shown) == 2
