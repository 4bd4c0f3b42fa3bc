import pytest

from retrato.degradation import Preset
from retrato.errors import UnusableData
from retrato.evaluation.protocols import PROTOCOLS, ProtocolName, stages_of
from retrato.metrics.table import metric


def test_celeba_test_is_found_by_the_names_that_it_is_published_under(write_faces, tmp_path):
    write_faces("celeba_512_validation", ["00000001.png"])
    write_faces("celeba_512_validation_lq", ["00000001.png"])
    (stage,) = stages_of(ProtocolName.CELEBA_TEST, tmp_path)
    assert stage.trial.entries[0].input.file.parent.name == "celeba_512_validation_lq"
    assert stage.trial.entries[0].target.file.parent.name == "celeba_512_validation"


def test_celeba_test_without_its_truth_is_refused(write_faces, tmp_path):
    write_faces("CelebA-Test")
    with pytest.raises(UnusableData, match="no folder of any of these names"):
        stages_of(ProtocolName.CELEBA_TEST, tmp_path)


def test_any_faces_go_bad_as_in_the_paper_lighter_and_heavier(write_faces, tmp_path):
    write_faces("good")
    stages = stages_of(ProtocolName.CELEBA_STYLE, tmp_path / "good", seed=3)
    assert [stage.trial.degradation for stage in stages] == [Preset.LIGHT, Preset.PAPER, Preset.HEAVY]
    assert {stage.trial.seed for stage in stages} == {3}


def test_real_photos_need_no_truth_and_no_gate(write_faces, tmp_path):
    write_faces("LFW-Test")
    write_faces("WebPhoto-Test")
    stages = stages_of(ProtocolName.REAL_PHOTOS, tmp_path)
    assert [(stage.trial.name, stage.least_cosine) for stage in stages] == [("LFW-Test", None), ("WebPhoto", None)]
    assert not any(stage.trial.has_targets for stage in stages)


def test_every_set_of_the_challenge_has_its_own_threshold(write_faces, tmp_path):
    for name in ("LFW-Test", "CelebChild-Test", "WebPhoto-Test", "WIDER-Test", "CelebA"):
        write_faces(name)
    found = {stage.trial.name: stage.least_cosine for stage in stages_of(ProtocolName.NTIRE, tmp_path)}
    assert found == {"LFW-Test": 0.6, "CelebChild": 0.6, "WebPhoto": 0.3, "WIDER-Test": 0.3, "CelebA": 0.5}


def test_a_folder_without_any_of_the_sets_is_refused(write_faces, tmp_path):
    write_faces("holiday")
    with pytest.raises(UnusableData, match="none of the folders LFW-Test, CelebChild, WebPhoto"):
        stages_of(ProtocolName.REAL_PHOTOS, tmp_path)


@pytest.mark.parametrize("name", ProtocolName)
def test_every_metric_of_a_protocol_is_in_the_table(name):
    assert [metric(each).name for each in PROTOCOLS[name].metrics] == list(PROTOCOLS[name].metrics)
    assert PROTOCOLS[name].size == 512
