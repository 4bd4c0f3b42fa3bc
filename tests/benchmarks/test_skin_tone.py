import csv
import math
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tone(benchmark_module):
    return benchmark_module("skin_tone")


def coloured(lightness, yellow, red=10.0):
    """A face of one colour in CIELAB."""
    lab = np.full((512, 512, 3), (lightness, red, yellow), np.float32)
    return np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("lightness", "yellow", "angle"),
    [(70, 20, 45.0), (50, 20, 0.0), (40, 10, -45.0), (60, 17.320508, 30.0), (67.320508, 10, 60.0)],
)
def test_the_angle_is_that_of_the_colour(tone, lightness, yellow, angle):
    assert tone.skin_tone(coloured(lightness, yellow)).angle == pytest.approx(angle, abs=1.5)  # 8 bits
    assert tone.typology_angle(lightness, yellow) == pytest.approx(angle, abs=1e-5)


def test_smaller_faces_have_the_same_angle(tone):
    small = coloured(70, 20)[:128, :128]
    assert tone.skin_tone(small).angle == pytest.approx(45, abs=1.5)


@pytest.mark.parametrize(
    ("angle", "words"),
    [
        (55.1, "very light"),
        (55, "light"),
        (41.1, "light"),
        (41, "intermediate"),
        (28.1, "intermediate"),
        (28, "tan"),
        (10.1, "tan"),
        (10, "brown"),
        (-29.9, "brown"),
        (-30, "dark"),
        (-80, "dark"),
        (math.nan, "unclear"),
    ],
)
def test_classes_begin_where_they_were_published(tone, angle, words):
    assert tone.SkinTone(angle).words == words


@pytest.mark.parametrize(
    ("angle", "words"), [(41.1, "light"), (41, "intermediate"), (10.1, "intermediate"), (10, "dark")]
)
def test_coarse_classes_are_two_of_the_published_ones_each(tone, angle, words):
    assert tone.SkinTone(angle).coarse_words == words


def test_the_groups_of_the_valid_faces_are_those_of_their_angles(tone):
    with (BENCHMARKS / "valid_groups.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 80
    for row in rows:
        assert row["skin_tone"] == tone.SkinTone(float(row["ita"] or "nan")).coarse_words


def test_grey_and_blue_faces_are_unclear(tone):
    for face in (coloured(60, 0, red=0), coloured(30, -15)):
        assert tone.skin_tone(face).words == "unclear"


def test_highlights_shadows_and_what_is_around_the_patches_do_not_count(tone):
    face = coloured(70, 20)
    face[:, 240:256] = 255  # through the middle of the forehead
    face[290:298] = 0  # across both cheeks
    face[420:] = (0, 0, 255)
    assert tone.skin_tone(face).angle == pytest.approx(45, abs=1.5)


def test_a_forehead_under_a_hat_does_not_count(tone):
    face = coloured(70, 20)
    face[:230] = (20, 20, 60)
    assert tone.skin_tone(face).angle == pytest.approx(45, abs=1.5)


def test_every_face_has_a_line_that_groups_are_read_from(tone, tmp_path, monkeypatch):
    from retrato.evaluation.groups import read_groups

    (tmp_path / "faces").mkdir()
    for name, face in {"light": coloured(70, 20), "grey": coloured(60, 0, red=0)}.items():
        PIL.Image.fromarray(face).save(tmp_path / "faces" / f"{name}.png")
    monkeypatch.setattr("sys.argv", ["skin_tone.py", str(tmp_path / "faces"), "-o", str(tmp_path / "tones.csv")])
    tone.main()
    assert read_groups(tmp_path / "tones.csv", "skin_tone") == {"light": "light", "grey": "unclear"}
    with (tmp_path / "tones.csv").open(newline="") as file:
        angles = {row["name"]: row["ita"] for row in csv.DictReader(file)}
    assert angles["grey.png"] == ""
    assert float(angles["light.png"]) == pytest.approx(45, abs=1.5)
