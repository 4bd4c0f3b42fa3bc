import pytest
import torch

from retrato.data import find_stored_images
from retrato.degradation import Preset
from retrato.errors import UnusableData
from retrato.evaluation.trials import degraded_trial, each_case, own_size, stored_trial


def test_good_faces_are_degraded_and_stay_their_own_targets(write_faces, faces):
    cases = list(each_case(degraded_trial("good", write_faces("good"), Preset.PAPER), 64))
    assert [case.name for case in cases] == ["a.png", "b.png", "c.png", "d.png"]
    for case, face in zip(cases, faces, strict=True):
        assert case.target.sub(face).abs().max() < 1e-6
        assert case.input.sub(face).abs().mean() > 0.01


def inputs_of(trial):
    return torch.stack([case.input for case in each_case(trial, 64)])


def test_the_same_seed_gives_the_same_faces_and_another_others(write_faces):
    stored = write_faces("good")
    first, again, other = (inputs_of(degraded_trial("good", stored, Preset.PAPER, seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_face_is_degraded_the_same_whatever_comes_after_it(write_faces):
    stored = write_faces("good")
    all_of_them, some = (inputs_of(degraded_trial("good", each, Preset.PAPER)) for each in (stored, stored[:2]))
    assert torch.equal(all_of_them[:2], some)


def test_pictures_are_matched_by_their_names_whatever_their_endings(write_faces, faces):
    inputs = write_faces("inputs", ["b.png", "a.png"], -faces)
    targets = write_faces("targets", ["a.webp", "b.webp"])
    trial = stored_trial("pairs", inputs=inputs, targets=targets)
    assert [(entry.input.name, entry.target.name) for entry in trial.entries] == [
        ("a.png", "a.webp"),
        ("b.png", "b.webp"),
    ]


def test_the_number_that_gfpgan_gives_a_face_is_left_out(write_faces):
    restored, targets = (
        write_faces("restored", ["0001_00.png", "0002_00.png"]),
        write_faces("targets", ["0001.png", "0002.png"]),
    )
    trial = stored_trial("restored", restored=restored, targets=targets)
    assert [entry.target.name for entry in trial.entries] == ["0001.png", "0002.png"]


def test_a_picture_without_its_partner_is_named(write_faces):
    with pytest.raises(UnusableData, match=r"1 of 2 pictures have no target of the same name: z.png"):
        stored_trial("pairs", inputs=write_faces("inputs", ["a.png", "z.png"]), targets=write_faces("targets"))


def test_pictures_of_one_name_in_two_folders_are_told_apart(write_faces, tmp_path):
    for place in ("inputs", "targets"):
        write_faces(place, ["z.png"])
        write_faces(f"{place}/one", ["a.png"])
        write_faces(f"{place}/two", ["a.png"])
    inputs, targets = (find_stored_images([tmp_path / place]) for place in ("inputs", "targets"))
    trial = stored_trial("pairs", inputs=inputs, targets=targets)
    assert [(entry.input.name, entry.target.name) for entry in trial.entries] == [
        ("one/a.png", "one/a.png"),
        ("two/a.png", "two/a.png"),
        ("z.png", "z.png"),
    ]


def test_what_nobody_has_restored_is_counted(write_faces):
    trial = stored_trial("some", restored=write_faces("restored", ["a.png"]), targets=write_faces("targets"))
    assert trial.left_out == 3
    assert "3 without a restored picture left out" in trial.words


def test_targets_alone_are_no_trial(write_faces):
    with pytest.raises(UnusableData, match="neither pictures to restore nor restored ones"):
        stored_trial("nothing", targets=write_faces("targets"))


def test_pictures_are_brought_to_the_size_that_is_asked_for(write_faces):
    trial = stored_trial("real", inputs=write_faces("inputs"))
    assert own_size(trial) == 64
    assert next(each_case(trial, 32)).input.shape == (3, 32, 32)
