import re

import pytest

from retrato.degradation import Preset
from retrato.evaluation.restoration import INPUT
from retrato.evaluation.result import Evaluation, FaceNumbers
from retrato.evaluation.trials import degraded_trial

METRICS = ("psnr", "lpips-squeezenet", "identity-mobilefacenet", "niqe")


@pytest.fixture
def page(benchmark_module):
    return benchmark_module("groups_page")


@pytest.fixture
def groups(tmp_path):
    """Ten old faces, ten young ones and one of which nobody knows; all of them light."""
    ages = ["old"] * 10 + ["young"] * 10 + ["unclear"]
    rows = [f"{place}.webp,{age},light,light" for place, age in enumerate(ages)]
    (tmp_path / "groups.csv").write_text("\n".join(["name,age,skin_tone,skin_tone_seen", *rows]))
    return tmp_path / "groups.csv"


def evaluation(gained, unclear_gained=0.0):
    """Of 21 faces, of which the first ten gain something else by PSNR than the others, who gain about 2 dB."""
    gains = [gained + place / 100 for place in range(10)] + [2 + place / 100 for place in range(10)] + [unclear_gained]
    before = dict.fromkeys(METRICS, 0.5) | {"psnr": 20.0}
    faces = tuple(
        FaceNumbers(f"{place}.png", "", {INPUT: before, "model": before | {"psnr": 20 + gain}})
        for place, gain in enumerate(gains)
    )
    return Evaluation(degraded_trial("good", [], Preset.PAPER), 64, (INPUT, "model"), faces, {}, {})


def test_a_group_that_gains_less_than_all_others_is_named(page, groups):
    text = page.section_of(evaluation(gained=1), "model", groups)
    assert re.search(r"old worse by PSNR, dB \(\+1\.045 \[.*?\], the others \+2\.045 \[", text)
    assert "young better by PSNR" in text


def test_lower_is_better_where_the_metric_says_so(page, groups):
    found = evaluation(gained=2)
    faces = tuple(
        FaceNumbers(each.name, "", each.numbers | {"model": {**each.numbers["model"], "niqe": 0.9 if old else 0.1}})
        for old, each in zip([True] * 10 + [False] * 11, found.faces, strict=True)
    )
    changed = Evaluation(found.trial, 64, found.candidates, faces, {}, {})
    assert "old worse by NIQE" in page.section_of(changed, "model", groups)


def test_where_intervals_overlap_nobody_is_named(page, groups):
    text = page.section_of(evaluation(gained=2.02), "model", groups)
    assert text.count("all other groups together: none.") == 3
    assert text.count("what is reached: none.") == 3


def test_unclear_faces_are_counted_and_in_no_comparison(page, groups):
    text = page.section_of(evaluation(gained=2.02, unclear_gained=-50), "model", groups)
    assert "Unclear, and only in the first row: 1." in text
    assert text.count("all other groups together: none.") == 3


def test_a_row_says_how_many_before_after_and_the_change(page, groups):
    lines = page.section_of(evaluation(gained=1), "model", groups).splitlines()
    row = next(line for line in lines if line.startswith("| old"))
    assert re.match(r"\| old +\| 10 +\| 20\.000 → 21\.045, \+1\.045 \[\+1\.0\d\d, \+1\.0\d\d\] +\|", row)


def test_groups_stand_in_their_natural_order(page, groups):
    text = page.section_of(evaluation(gained=1), "model", groups)
    assert text.index("| young") < text.index("| old")


def test_of_strangers_there_are_no_tables(page, groups):
    groups.write_text("name,age,skin_tone,skin_tone_seen\nsomebody.png,old,light,light\n")
    text = page.section_of(evaluation(gained=1), "model", groups)
    assert "is not said" in text
    assert "|" not in text
