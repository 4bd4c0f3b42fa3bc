import pytest
import torch

from retrato.degradation import DegradationRanges, Preset
from retrato.evaluation.restoration import Scores, evaluate_restoration, mean_scores

UNTOUCHED = DegradationRanges(untouched_share=1.0, grey_share=0.0)


class Unchanged:
    size, name = 64, "nothing"

    def __call__(self, faces):
        return faces


class Black(Unchanged):
    def __call__(self, faces):
        return torch.full_like(faces, -1.0)


@pytest.fixture
def named(faces):
    return [(f"{index}.png", face) for index, face in enumerate(faces)]


def test_a_restorer_that_does_nothing_scores_as_the_degraded_faces(named, judges):
    for face in evaluate_restoration(Unchanged(), named, Preset.PAPER.ranges, judges):
        assert face.restored == face.degraded


def test_untouched_faces_are_perfect(named, judges):
    face = next(evaluate_restoration(Unchanged(), named, UNTOUCHED, judges))
    assert face.restored.psnr == float("inf")
    assert face.restored.lpips == 0
    assert face.restored.identity == pytest.approx(1, abs=1e-5)


def test_a_bad_restorer_scores_worse_than_the_degraded_faces(named, judges):
    for face in evaluate_restoration(Black(), named, Preset.PAPER.ranges, judges):
        assert face.restored.psnr < face.degraded.psnr
        assert face.restored.lpips > face.degraded.lpips


def test_the_same_seed_gives_the_same_scores_and_another_others(named, judges):
    first, again, other = (
        list(evaluate_restoration(Unchanged(), named, Preset.PAPER.ranges, judges, seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_a_face_scores_the_same_whatever_comes_after_it(named, judges):
    assert list(evaluate_restoration(Unchanged(), named, Preset.PAPER.ranges, judges))[:2] == list(
        evaluate_restoration(Unchanged(), named[:2], Preset.PAPER.ranges, judges)
    )


def test_means_are_taken_score_by_score():
    assert mean_scores([Scores(20, 0.1, 0.5), Scores(30, 0.3, 0.7)]) == Scores(25, 0.2, 0.6)
