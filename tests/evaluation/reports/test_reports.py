import json
import re

import pytest

from retrato.degradation import Preset
from retrato.evaluation.gate import IdentityGate
from retrato.evaluation.generation import GenerationResult, PathLength
from retrato.evaluation.reports.histogram import histogram
from retrato.evaluation.reports.markdown import generation_markdown, markdown_of
from retrato.evaluation.reports.page import page_of, write_page
from retrato.evaluation.reports.record import write_generation, write_record
from retrato.evaluation.restoration import measure_faces
from retrato.evaluation.result import Questions, gather, with_groups
from retrato.evaluation.trials import degraded_trial
from retrato.metrics.features import FeatureKind
from retrato.metrics.measuring import SetComparison

NASTY = "<b>&.png"


@pytest.fixture
def evaluate(write_faces, measures, unchanged, black):
    trial = degraded_trial("good", write_faces("good", ["a.png", "b.png", "c.png", NASTY]), Preset.PAPER)

    def call(*restorers):
        named = {each.name: each for each in restorers}
        gate = IdentityGate(0.99, "identity-mobilefacenet")
        questions = Questions(gate=gate, shown=3, missing={"fid": "fid needs a file"})
        found = gather(measure_faces(trial, named, measures, 64, gate), trial, list(named), 64, questions)
        return with_groups(found, {"a": "young", "b": "old"})

    return call


@pytest.fixture
def black_alone(evaluate, black):
    return evaluate(black)


def test_markdown_says_all_that_was_found(black_alone):
    text = markdown_of(black_alone)
    assert "## good, paper degradation, seed 0: 4 faces of 64 px" in text
    assert re.search(r"\| ↑ Peak signal-to-noise ratio, RGB \(dB\) +\| [\d.]+ \[[\d.]+, [\d.]+\] \| ", text)
    assert re.search(r"\| young \| 1 +\| input ", text)
    assert "- black: 4 of 4 faces fail" in text
    assert "- fid needs a file" in text


def test_what_a_single_restorer_changes_has_a_column_of_its_own(evaluate, black, unchanged):
    assert "| change" in markdown_of(evaluate(black))
    assert "| change" not in markdown_of(evaluate(black, unchanged))


def test_the_record_is_json_of_every_face_and_says_what_numbers_mean(black_alone, tmp_path):
    write_record(tmp_path / "found.json", [black_alone])
    (found,) = json.loads((tmp_path / "found.json").read_text())["evaluations"]
    assert (found["degradation"], found["seed"], found["size"]) == ("paper", 0, 64)
    assert found["metrics"]["psnr"]["better"] == "higher"
    assert [face["name"] for face in found["faces"]] == [NASTY, "a.png", "b.png", "c.png"]
    numbers = [face["numbers"]["black"]["psnr"] for face in found["faces"]]
    assert found["means"]["black"]["psnr"]["mean"] == pytest.approx(sum(numbers) / 4)
    assert found["gate"]["failed"]["black"]
    assert found["not_measured"] == {"fid": "fid needs a file"}


def test_the_page_is_one_file_that_needs_nothing_else(black_alone, tmp_path):
    write_page(tmp_path / "found.html", [black_alone])
    page = (tmp_path / "found.html").read_text()
    addresses = re.findall(r'(?:src|href)="?([^" >]+)', page)
    assert len(addresses) == 9  # three faces: input, restored, truth
    assert all(each.startswith("data:image/webp;base64,") for each in addresses)
    assert "http" not in page
    assert "@import" not in page


def test_the_page_shows_the_worst_face_first(black_alone):
    psnr = {face.name: face.numbers["black"]["psnr"] for face in black_alone.faces}
    worst = min(psnr, key=lambda name: psnr[name])
    first = re.search(r"<b>1\. ([^<]+)</b>", page_of([black_alone])).group(1)
    assert first == worst.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_names_of_files_cannot_write_into_the_page(evaluate, black):
    page = page_of([evaluate(black)])
    assert NASTY not in page
    assert page.count("<b>") == page.count("</b>") == 3


def test_every_slider_can_be_reached_and_named_by_those_who_do_not_see_it(black_alone):
    page = page_of([black_alone])
    sliders = re.findall(r"<input type=range [^>]*>", page)
    assert len(sliders) == 3
    assert all("aria-label=" in each for each in sliders)
    assert all('alt="' in each for each in re.findall(r"<img [^>]*>", page))


def test_several_restorers_can_be_put_on_either_side(evaluate, black, unchanged):
    page = page_of([evaluate(black, unchanged)])
    assert re.findall(r"<select data-side=(\w+)>", page) == ["left", "right"]
    choices = re.search(r"<select data-side=right>(.*?)</select>", page).group(1)
    assert re.findall(r"<option( selected)?>(\w+)</option>", choices) == [
        ("", "input"),
        (" selected", "black"),
        ("", "nothing"),
        ("", "truth"),
    ]


def test_a_histogram_is_as_high_as_its_largest_bin():
    drawing = histogram({"one": [0.0, 0.0, 0.0, 1.0]}, "numbers")
    heights = [float(each) for each in re.findall(r"V([\d.]+)H", drawing)]
    assert len(heights) == 24
    assert (min(heights), heights[0], heights[1]) == (6, 6, 110)
    assert 'aria-label="numbers: spread over the faces, from 0.000 to 1.000"' in drawing


def test_equal_numbers_have_a_histogram_too():
    assert "<path" in histogram({"one": [2.0, 2.0]}, "numbers")


@pytest.fixture
def generated():
    distance = SetComparison("fid-768", 1.5, FeatureKind.INCEPTION_768, "drawn", 50, "real", 60)
    length = PathLength("path-length", 120.0, 1000)
    return GenerationResult("drawn", 50, 0, 64, (distance,), length, {"kid-768": "no"})


def test_a_generator_s_distance_says_to_what_and_of_how_many(generated):
    text = generation_markdown(generated)
    assert re.search(r"\| drawn +\| Fréchet .* \| 1\.500 +\| inception-768 +\| 50 +\| real, 60 ", text)
    assert "Of 50 pictures" in text
    assert "Perceptual path length: 120.0 (1000 steps)" in text


def test_a_generator_s_record_has_the_same(generated, tmp_path):
    write_generation(tmp_path / "found.json", generated)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["sets"][0]["reference"] == "real"
    assert found["path_length"] == {"value": 120.0, "steps": 1000}
