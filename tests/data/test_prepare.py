import json
from dataclasses import replace

import matplotlib.cbook
import numpy as np
import PIL.Image
import pytest
from PIL import ImageEnhance, ImageFilter

from retrato.data.duplicates import KnownFaces, appearance_of
from retrato.data.examine import PrepareConfig
from retrato.data.prepare import find_photos, prepare
from retrato.data.quality import Demands, Flaw
from retrato.errors import UnusableData, UnwritableOutput
from retrato.faces.alignment import FFHQ_LANDMARKS
from retrato.faces.face import FaceCrop
from retrato.losses.components import Component

SMALL = PrepareConfig(size=128)
"""The astronaut's face has 170 pixels across its crop."""


@pytest.fixture
def head(astronaut):
    return PIL.Image.fromarray(astronaut[0:256, 96:352])


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "album").mkdir()
    return tmp_path / "album"


@pytest.fixture
def faces(tmp_path):
    return tmp_path / "faces"


@pytest.fixture
def run(photos, faces):
    def call(config=SMALL, processes=1, out=faces):
        return list(prepare(find_photos([photos], out), out, config, processes))

    return call


@pytest.fixture
def hopper():
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file, PIL.Image.open(file) as picture:
        return picture.convert("RGB").resize((256, 303))


def facts_of(faces, name):
    return json.loads((faces / f"{name}.json").read_text())


def contents(folder):
    return {each.relative_to(folder): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def flaws_of(results):
    return [face.flaw for photo in results for face in photo.dropped]


def upright(image):
    return FaceCrop(np.asarray(image), np.array([[1.0, 0, 0], [0, 1, 0]]))


def test_a_face_is_kept_with_its_landmarks_near_their_places(run, photos, faces, head):
    head.save(photos / "me.png")
    run()
    landmarks = np.array(facts_of(faces, "album/me-0")["landmarks"])
    assert np.abs(landmarks - FFHQ_LANDMARKS / 512).max() < 0.04


def test_a_crop_has_the_asked_size_and_format(run, photos, faces, head):
    head.save(photos / "me.png")
    run(replace(SMALL, format="PNG"))
    with PIL.Image.open(faces / "album" / "me-0.png") as crop:
        assert (crop.size, crop.format) == ((128, 128), "PNG")


def test_where_a_crop_comes_from_stands_beside_it(run, photos, faces, head):
    head.save(photos / "me.png")
    ((kept,),) = [photo.kept for photo in run()]
    facts = facts_of(faces, "album/me-0")
    assert kept.file == "album/me-0.webp"
    assert facts["photo"] == "album/me.png"
    assert facts["hash"] == kept.hash
    assert facts["scale"] == pytest.approx(170 / 128, rel=0.03)
    left, top, right, bottom = facts["box"]
    assert 0 < left < 128 < right < 256
    assert 0 < top < 110 < bottom < 256


def test_eyes_and_mouth_are_where_the_landmarks_are(run, photos, faces, head):
    head.save(photos / "me.png")
    run()
    facts = facts_of(faces, "album/me-0")
    assert list(facts["components"]) == [str(each) for each in Component]
    assert facts["components"]["left eye"][:2] == facts["landmarks"][0]


@pytest.mark.parametrize(
    ("flaw", "config", "words"),
    [
        (Flaw.TOO_SMALL, PrepareConfig(size=512), "pixels across its crop; at least 256 are asked"),
        (Flaw.UNSURE, replace(SMALL, demands=Demands(least_score=1.0)), "at least 1 is asked"),
        (Flaw.TURNED, replace(SMALL, demands=Demands(most_turn=0.01)), "eye distances off the middle"),
    ],
)
def test_a_face_is_dropped_with_the_reason_in_words(run, photos, head, flaw, config, words):
    head.save(photos / "me.png")
    ((dropped,),) = [photo.dropped for photo in run(config)]
    assert dropped.flaw == flaw
    assert words in dropped.reason


def test_a_blurred_face_is_dropped(run, photos, head):
    head.filter(ImageFilter.GaussianBlur(3)).save(photos / "me.png")
    assert flaws_of(run()) == [Flaw.BLURRED]


def test_a_face_at_the_border_is_dropped(run, photos, head):
    head.crop((95, 40, 256, 256)).save(photos / "me.png")
    assert flaws_of(run()) == [Flaw.CUT_OFF]


@pytest.mark.parametrize(
    "copy",
    [
        lambda head: head,
        lambda head: head.resize((410, 410)),
        lambda head: head.convert("L"),
        lambda head: ImageEnhance.Brightness(head).enhance(0.7),
        lambda head: head.crop((12, 5, 250, 245)),
    ],
    ids=["same", "larger", "grey", "darker", "cropped"],
)
def test_a_copy_of_a_face_is_dropped(run, photos, head, copy):
    head.save(photos / "a.png")
    copy(head).save(photos / "b.jpg", quality=50)
    original, duplicate = run()
    assert flaws_of([duplicate]) == [Flaw.DUPLICATE]
    assert duplicate.dropped[0].twin == original.kept[0].file


def test_two_people_are_no_copies_of_each_other(run, photos, head, hopper):
    head.save(photos / "a.png")
    hopper.save(photos / "b.png")
    assert [len(photo.kept) for photo in run()] == [1, 1]


def test_one_face_twice_in_a_photo_is_kept_once(run, photos, head):
    both = PIL.Image.new("RGB", (512, 256))
    both.paste(head)
    both.paste(head, (256, 0))
    both.save(photos / "both.png")
    (photo,) = run()
    assert (len(photo.kept), flaws_of([photo])) == (1, [Flaw.DUPLICATE])


def test_a_copy_is_found_among_thousands(astronaut, hopper):
    known, rng = KnownFaces(), np.random.default_rng(0)
    for number in range(2000):
        known.add(str(number), rng.integers(0, 256, 32, dtype=np.uint8))
    face = appearance_of(upright(astronaut[60:188, 160:288]))
    assert known.find(face) is None
    known.add("astronaut", face.hash)
    assert known.find(face) == "astronaut"
    assert known.find(appearance_of(upright(np.asarray(hopper)[:256, :256]))) is None


def test_a_second_run_has_nothing_to_do(run, photos, faces, head):
    head.save(photos / "a.png")
    head.save(photos / "b.png")
    before = run()
    written = contents(faces)
    after = run()
    assert after == [replace(photo, was_done_before=True) for photo in before]
    assert contents(faces) == written


def test_a_changed_photo_is_done_again_and_its_old_face_goes(run, photos, faces, head):
    head.save(photos / "me.png")
    run()
    PIL.Image.new("RGB", (64, 64)).save(photos / "me.png")
    (photo,) = run()
    assert (photo.kept, photo.was_done_before) == ((), False)
    assert {each.name for each in faces.rglob("*") if each.is_file()} == {"prepared.jsonl", ".lock"}


@pytest.mark.parametrize("bytes_cut_off", [1, 60, 400])
def test_a_killed_run_is_gone_on_with(run, photos, faces, head, hopper, bytes_cut_off):
    head.save(photos / "a.png")
    hopper.save(photos / "b.png")
    run()
    written = contents(faces)
    log = faces / "prepared.jsonl"
    log.write_bytes(log.read_bytes()[:-bytes_cut_off])
    run()
    assert contents(faces) == written


@pytest.mark.parametrize("suffix", [".json", ".webp"])
def test_a_face_that_is_gone_is_made_again(run, photos, faces, head, suffix):
    head.save(photos / "a.png")
    head.save(photos / "b.png")
    run()
    (faces / "album" / "a-0").with_suffix(suffix).unlink()
    again = run()
    assert [photo.was_done_before for photo in again] == [False, False]  # b had been dropped for a's sake
    assert [len(photo.kept) for photo in again] == [1, 0]


def test_a_face_is_kept_when_the_one_it_copies_has_gone(run, photos, faces, head):
    head.save(photos / "a.png")
    head.save(photos / "b.png")
    run()
    PIL.Image.new("RGB", (64, 64)).save(photos / "a.png")
    assert [len(photo.kept) for photo in run()] == [0, 1]


def test_a_broken_photo_is_named_and_the_others_go_on(run, photos, head):
    (photos / "a.png").write_text("dear diary")
    head.save(photos / "b.png")
    broken, whole = run()
    assert "a.png: a text file, not a picture" in broken.problem
    assert len(whole.kept) == 1


def test_a_broken_photo_is_tried_again_but_noted_once(run, photos, faces):
    (photos / "a.png").touch()
    run()
    written = contents(faces)
    assert not run()[0].was_done_before
    assert contents(faces) == written


def test_the_number_of_processes_changes_nothing(run, photos, tmp_path, head, hopper):
    head.save(photos / "a.png")
    hopper.save(photos / "b.png")
    head.resize((300, 300)).save(photos / "c.png")
    (photos / "d.png").touch()
    assert run(out=tmp_path / "one") == run(processes=2, out=tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_other_settings_need_another_folder(run, photos, head):
    head.save(photos / "me.png")
    run()
    with pytest.raises(UnusableData, match="other settings \\(size 128 and not 64\\)"):
        run(replace(SMALL, size=64))


def test_a_foreign_log_is_left_alone(run, photos, faces, head):
    head.save(photos / "me.png")
    faces.mkdir()
    (faces / "prepared.jsonl").write_text("dear diary\n")
    with pytest.raises(UnusableData, match="is no log of prepared photos"):
        run()
    assert (faces / "prepared.jsonl").read_text() == "dear diary\n"


def test_a_folder_that_cannot_be_made_is_named(run, photos, head, tmp_path):
    head.save(photos / "me.png")
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableOutput, match="cannot write to"):
        run(out=tmp_path / "file" / "faces")


def test_photos_of_one_name_do_not_collide(run, photos, faces, head, hopper):
    (photos / "1990").mkdir()
    config = replace(SMALL, same_face=-1)
    head.save(photos / "1990" / "me.png")
    head.save(photos / "me.v2.png")
    head.save(photos / "me.png")
    hopper.save(photos / "me.jpg")
    run(config)
    written = sorted(each.relative_to(faces).as_posix() for each in faces.rglob("*.webp"))
    assert written == ["album/1990/me-0.webp", "album/me-0.webp", "album/me-2-0.webp", "album/me-v2-0.webp"]
    assert facts_of(faces, "album/me-2-0")["photo"] == "album/me.png"


def test_a_name_stays_with_its_photo(run, photos, faces, head, hopper):
    head.save(photos / "me.png")
    run()
    hopper.save(photos / "me.jpg")  # comes first by name
    run()
    assert facts_of(faces, "album/me-0")["photo"] == "album/me.png"
    assert facts_of(faces, "album/me-2-0")["photo"] == "album/me.jpg"


def test_a_very_long_name_is_shortened(run, photos, faces, head):
    head.save(photos / f"{'x' * 250}.png")
    run()
    assert [len(each.name) for each in faces.rglob("*.webp")] == [207]


def test_photos_are_found_in_subfolders_sorted(photos, faces):
    for name in ("b.jpg", "a/z.PNG", "a/.hidden.jpg", ".trash/c.jpg", "notes.txt"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).touch()
    (photos / "a" / "circle").symlink_to(photos, target_is_directory=True)
    found = find_photos([photos, photos / "b.jpg"], faces)
    assert [each.name for each in found] == ["album/a/z.PNG", "album/b.jpg"]


def test_faces_among_the_photos_are_no_photos(run, photos, head):
    head.save(photos / "me.png")
    run(out=photos / "faces")
    assert len(run(out=photos / "faces")) == 1


def test_folders_of_one_name_are_refused(tmp_path):
    for year in ("1990", "1991"):
        (tmp_path / year / "summer").mkdir(parents=True)
        (tmp_path / year / "summer" / "me.jpg").touch()
    with pytest.raises(UnusableData, match=r"would both be called summer/me\.jpg"):
        find_photos([tmp_path / "1990" / "summer", tmp_path / "1991" / "summer"], tmp_path / "faces")


def test_a_place_without_photos_is_refused(photos, faces):
    for place in (photos, photos / "gone"):
        with pytest.raises(UnusableData, match="no photos in"):
            find_photos([place], faces)
