import json
import os
from dataclasses import replace

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
import torch
from click.testing import CliRunner
from PIL.ExifTags import Base
from safetensors.torch import save_file

from doubles import published_weights
from retrato.cli.main import retrato
from retrato.cli.restoring import MASKS
from retrato.errors import UnavailableWeights, UnknownWeights
from retrato.restoration.photo import PhotoRestorer
from retrato.restoration.pipeline import FaceMask
from retrato.weights import catalog, companions, download
from retrato.weights.catalog import published_file
from retrato.weights.names.kinds import Kind


@pytest.fixture(scope="module")
def portrait():
    import skimage.data

    return PIL.Image.fromarray(skimage.data.astronaut()[0:256, 100:356])


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    """The bundled model is loaded once for all tests here."""
    loaded = {}
    original = PhotoRestorer.from_weights.__func__

    def once(cls, weights="bundled", **options):
        key = (weights, *sorted(options.items(), key=lambda each: each[0]))
        if key not in loaded:
            loaded[key] = original(cls, weights, **options)
        return loaded[key]

    monkeypatch.setattr(PhotoRestorer, "from_weights", classmethod(once))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(retrato, ["restore", *map(str, arguments)], catch_exceptions=False)

    return call


def size_of(path):
    with PIL.Image.open(path) as picture:
        return picture.size, picture.format


def test_a_photo_is_restored_into_a_folder_in_its_own_format(run, portrait, tmp_path):
    portrait.save("me.jpg", quality=95)
    result = run("me.jpg", "-o", "out")
    assert result.exit_code == 0
    assert size_of(tmp_path / "out" / "me.jpg") == ((256, 256), "JPEG")
    assert "1 face (find " in result.output
    assert "restored 1 face in 1 of 1 photo in " in result.output


def test_a_result_may_be_named(run, portrait, tmp_path):
    portrait.save("me.jpg")
    assert run("me.jpg", "-o", "sub/better.png", "--upscale", "2").exit_code == 0
    assert size_of(tmp_path / "sub" / "better.png") == ((512, 512), "PNG")


def test_another_format_may_be_asked_for(run, portrait, tmp_path):
    portrait.save("me.jpg")
    assert run("me.jpg", "--format", "webp").exit_code == 0
    assert size_of(tmp_path / "restored" / "me.webp") == ((256, 256), "WEBP")


def test_a_folder_is_restored_and_the_bad_ones_are_named(run, portrait, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    portrait.save(folder / "a.png")
    portrait.save(folder / "z.bmp")
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("dear diary")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:5000])
    PIL.Image.new("RGB", (1, 1)).save(folder / "dot.png")
    PIL.Image.new("RGB", (64, 64)).save(
        folder / "moving.webp", save_all=True, append_images=[PIL.Image.new("RGB", (64, 64), "red")]
    )
    (folder / "notes.txt").write_text("left alone")
    result = run(folder, "-o", "out")
    assert result.exit_code == 1
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [".retrato", "a.png", "z.bmp"]
    refused = [line for line in result.output.splitlines() if line.startswith("not done: ")]
    assert len(refused) == 5
    assert "dot.png: no face found" in result.output
    assert "in 2 of 7 photos" in result.output


@pytest.mark.parametrize("content", [None, b"", b"dear diary", b"\xff\xd8\xff\xe0 cut short"])
def test_a_bad_photo_is_one_clear_line_and_nothing_is_written(run, tmp_path, content):
    if content is not None:
        (tmp_path / "photo.jpg").write_bytes(content)
    result = run("photo.jpg")
    assert result.exit_code == 1
    assert len([line for line in result.output.splitlines() if "photo.jpg" in line]) == 1
    assert not (tmp_path / "restored").exists()


def test_a_cmyk_photo_is_restored(run, portrait, tmp_path):
    portrait.convert("CMYK").save("print.jpg")
    assert run("print.jpg").exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "print.jpg") as picture:
        assert picture.mode == "CMYK"


def test_an_input_is_never_overwritten_unless_asked(run, portrait, tmp_path):
    portrait.save("me.png")
    before = (tmp_path / "me.png").read_bytes()
    refused = run("me.png", "-o", "me.png")
    assert refused.exit_code == 1
    assert "exists" in refused.output
    assert (tmp_path / "me.png").read_bytes() == before
    assert run("me.png", "-o", "me.png", "--overwrite").exit_code == 0
    assert (tmp_path / "me.png").read_bytes() != before


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_two_inputs_of_one_name_do_not_replace_each_other(run, portrait, tmp_path, options):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        portrait.save(tmp_path / folder / "me.png")
    result = run("a/me.png", "b/me.png", "-o", "out", *options)
    assert result.exit_code == 1
    assert "in 1 of 2 photos" in result.output


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(run, portrait, tmp_path):
    portrait.save("me.png")
    (tmp_path / "locked").mkdir(mode=0o500)
    result = run("me.png", "-o", "locked")
    assert result.exit_code == 1
    assert "you may not write" in result.output


def test_an_output_folder_below_a_file_is_named(run, portrait, tmp_path):
    portrait.save("me.png")
    (tmp_path / "file").write_text("in the way")
    result = run("me.png", "-o", "file/out")
    assert result.exit_code == 1
    assert "not done" in result.output


def test_faces_are_saved_if_asked(run, portrait, tmp_path):
    portrait.save("me.jpg")
    assert run("me.jpg", "-o", "out", "--save-faces").exit_code == 0
    sizes = {each.name: size_of(each)[0] for each in (tmp_path / "out" / "faces").iterdir()}
    assert sizes == {
        "me.jpg-0-crop.png": (256, 256),
        "me.jpg-0-restored.png": (256, 256),
        "me.jpg-0-both.png": (512, 256),
    }


def test_aligned_faces_are_restored_without_looking_for_them(run, tmp_path):
    PIL.Image.new("RGB", (100, 100), (120, 100, 90)).save("crop.png")
    assert run("crop.png", "--aligned").exit_code == 0
    assert size_of(tmp_path / "restored" / "crop.png") == ((100, 100), "PNG")


def test_an_aligned_face_that_is_not_square_is_refused(run):
    PIL.Image.new("RGB", (100, 80)).save("crop.png")
    result = run("crop.png", "--aligned")
    assert result.exit_code == 1
    assert "crop.png: an aligned face is square" in result.output


def test_transparency_is_kept(run, portrait, tmp_path):
    with_alpha = portrait.convert("RGBA")
    with_alpha.putalpha(PIL.Image.linear_gradient("L"))
    with_alpha.save("me.png")
    assert run("me.png").exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "me.png") as picture:
        assert np.array_equal(np.asarray(picture)[..., 3], np.asarray(with_alpha)[..., 3])


def test_one_file_name_for_several_photos_is_a_wrong_option(run, portrait):
    portrait.save("a.png")
    portrait.save("b.png")
    assert run("a.png", "b.png", "-o", "out.png").exit_code == 2


def test_names_that_are_too_long_are_refused_and_the_others_go_on(run, portrait, tmp_path):
    portrait.save("me.png")
    result = run("x" * 300 + ".jpg", "me.png")
    assert result.exit_code == 1
    assert "in 1 of 2 photos" in result.output
    assert run("me.png", "-o", "x" * 300 + ".png").exit_code == 1


def test_an_empty_folder_does_not_stop_the_others(run, portrait, tmp_path):
    portrait.save("me.png")
    (tmp_path / "empty").mkdir()
    result = run("empty", "me.png")
    assert "empty: a folder without pictures" in result.output
    assert "in 1 of 2 photos" in result.output


def test_a_result_that_would_be_too_large_is_refused_before_any_work(run, tmp_path):
    PIL.Image.new("1", (4000, 4000)).save("large.png")
    result = run("large.png", "--upscale", "4")
    assert result.exit_code == 1
    assert "large.png: 4000x4000 enlarged 4 times would have 256 megapixels" in result.output


def test_an_existing_result_is_noticed_before_any_work(run, portrait, tmp_path, monkeypatch):
    portrait.save("me.png")
    assert run("me.png").exit_code == 0
    monkeypatch.setattr(PhotoRestorer, "__call__", lambda *_: pytest.fail("restored for nothing"))
    assert "exists" in run("me.png").output


def test_a_grey_photo_stays_grey(run, portrait, tmp_path):
    portrait.convert("L").save("old.jpg")
    assert run("old.jpg").exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "old.jpg") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert (pixels.max(2) - pixels.min(2)).max() <= 1


def test_the_mark_is_in_the_file(run, portrait, tmp_path):
    portrait.save("me.jpg")
    run("me.jpg")
    with PIL.Image.open(tmp_path / "restored" / "me.jpg") as picture:
        assert "restored by a model" in picture.getexif()[Base.ProcessingSoftware]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("averaged", ["params_ema", "params"])
def test_published_files_of_every_kind_restore(run, portrait, tmp_path, kind, averaged):
    portrait.save("me.png")
    torch.save({averaged: published_weights(f"gfpgan_{kind}.safetensors")}, "GFPGANv9.pth")
    assert run("me.png", "--aligned", "--weights", "GFPGANv9.pth").exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "me.png") as picture:
        assert f"published weights GFPGANv9.pth ({kind})" in picture.getexif()[Base.ProcessingSoftware]


def test_a_published_layout_in_safetensors_restores(run, portrait):
    portrait.save("me.png")
    save_file(published_weights("gfpgan_clean.safetensors"), "GFPGANv9.safetensors")
    assert run("me.png", "--aligned", "--weights", "GFPGANv9.safetensors").exit_code == 0


def test_a_catalog_name_stands_for_its_file_in_the_offline_folder(run, portrait, tmp_path, monkeypatch):
    portrait.save("me.png")
    (tmp_path / "offline").mkdir()
    torch.save({"params_ema": published_weights("gfpgan_original.safetensors")}, tmp_path / "offline" / "GFPGANv1.pth")
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path / "offline"))
    assert run("me.png", "--aligned", "--weights", "gfpgan-v1").exit_code == 0


def test_a_wrong_file_of_a_catalog_name_never_restores(run, portrait, tmp_path, monkeypatch):
    portrait.save("me.png")
    monkeypatch.setattr(
        catalog, "PUBLISHED_FILES", (replace(published_file("gfpgan-v1.4"), urls=("http://127.0.0.1:1/w",)),)
    )
    monkeypatch.setattr(download, "PATIENCE", download.Patience(pause_seconds=0))
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    torch.save({"params_ema": published_weights("gfpgan_clean.safetensors")}, "GFPGANv1.4.pth")
    with pytest.raises(UnavailableWeights, match=r"could not fetch gfpgan-v1\.4"):
        run("me.png", "--weights", "gfpgan-v1.4")


def test_a_seed_draws_other_noise_and_the_same_every_time(run, portrait, tmp_path):
    portrait.save("me.png")
    torch.save(published_weights("gfpgan_clean.safetensors"), "w.pth")

    def restored(*options):
        assert run("me.png", "--aligned", "--overwrite", "--weights", "w.pth", *options).exit_code == 0
        with PIL.Image.open(tmp_path / "restored" / "me.png") as picture:
            return np.asarray(picture), picture.getexif()[Base.ProcessingSoftware]

    (stored, mark), (seven, mark_of_seven) = restored(), restored("--seed", 7)
    (again, _), (eight, _) = restored("--seed", 7), restored("--seed", 8)
    assert np.array_equal(seven, again)
    assert not np.array_equal(seven, stored)
    assert not np.array_equal(seven, eight)
    assert ("noise seed" in mark, "noise seed 7" in mark_of_seven) == (False, True)


def test_an_interrupted_run_says_how_far_it_came(run, portrait, monkeypatch):
    portrait.save("a.png")
    portrait.save("b.png")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PhotoRestorer, "__call__", interrupt)
    result = run("a.png", "b.png")
    assert result.exit_code == 130
    assert "stopped after 0 of 2" in result.output


def test_a_sixteen_bit_scan_stays_one_outside_its_face(run, portrait, tmp_path):
    scan = np.asarray(portrait).astype(np.uint16) * 257 + 99
    cv2.imwrite("scan.tif", scan[..., ::-1])
    assert run("scan.tif").exit_code == 0
    result = cv2.imread("restored/scan.tif", cv2.IMREAD_UNCHANGED)[..., ::-1]
    is_changed = (result != scan).any(-1)
    assert result.dtype == np.uint16
    assert 0 < is_changed.mean() < 0.7
    assert np.array_equal(result[-20:], scan[-20:])


def test_every_page_of_a_tiff_is_restored_and_pages_without_a_face_are_copied(run, portrait, tmp_path):
    pages = [np.asarray(portrait), np.full((60, 80, 3), 77, np.uint8), np.asarray(portrait)[:, ::-1].copy()]
    with tifffile.TiffWriter("album.tif") as album:
        for page in pages:
            album.write(page, photometric="rgb")
    result = run("album.tif")
    assert "album.tif: 2 faces on 3 pages (find " in result.output
    with tifffile.TiffFile("restored/album.tif") as album:
        restored = [page.asarray() for page in album.pages]
        marks = [0x0B in page.tags for page in album.pages]
    assert [not np.array_equal(*pair) for pair in zip(pages, restored, strict=True)] == [True, False, True]
    assert marks == [True, False, True]


def test_several_pages_are_refused_in_a_format_of_one(run, portrait):
    portrait.save("album.tif", save_all=True, append_images=[portrait])
    result = run("album.tif", "--format", "png")
    assert "album.tif: contains 2 pages" in result.output
    assert result.exit_code == 1


def test_a_tiff_without_any_face_is_not_written(run, tmp_path):
    empty = PIL.Image.new("RGB", (80, 80))
    empty.save("album.tif", save_all=True, append_images=[empty])
    assert "no face found" in run("album.tif").output
    assert list((tmp_path / "restored").glob("*")) == []


def test_faces_of_pages_are_saved_with_the_page_in_their_name(run, portrait, tmp_path):
    portrait.save("album.tif", save_all=True, append_images=[portrait])
    assert run("album.tif", "--save-faces").exit_code == 0
    assert (tmp_path / "restored" / "faces" / "album.tif-page2-0-both.png").is_file()


def test_results_get_the_times_of_their_photos_if_asked(run, portrait, tmp_path):
    portrait.save("me.png")
    os.utime("me.png", (1e9, 1.1e9))
    assert run("me.png", "--keep-times").exit_code == 0
    status = (tmp_path / "restored" / "me.png").stat()
    assert (status.st_atime, status.st_mtime) == (1e9, 1.1e9)


def test_what_the_format_cannot_hold_is_said(run, portrait):
    portrait.convert("RGBA").save("me.png")
    assert "\n  note: JPEG holds no transparency" in run("me.png", "--format", "jpeg").output


def test_the_published_pipeline_restores_a_photo(run, portrait, published, tmp_path):
    detector = published("retinaface-mobilenet0.25")
    portrait.save("me.png")
    result = run("me.png", "--pipeline", "published", "--detector", detector, "--mask", "square", "--upscale", "2")
    assert result.exit_code == 0
    assert size_of(tmp_path / "restored" / "me.png") == ((512, 512), "PNG")
    assert "1 face" in result.output


def test_another_detector_may_be_asked_for(run, portrait, published):
    portrait.save("me.png")
    result = run("me.png", "--detector", published("retinaface-mobilenet0.25"))
    assert result.exit_code == 0
    assert "1 face" in result.output


def test_aligned_faces_take_the_published_pipeline_without_its_networks(run, tmp_path, monkeypatch):
    monkeypatch.setattr(companions, "find_weights", lambda name: pytest.fail(f"{name} is fetched for nothing"))
    PIL.Image.new("RGB", (100, 100), (120, 100, 90)).save("crop.png")
    assert run("crop.png", "--aligned", "--pipeline", "published").exit_code == 0


def test_the_mask_belongs_to_the_published_pipeline(run, portrait):
    portrait.save("me.png")
    result = run("me.png", "--mask", "square")
    assert result.exit_code == 2
    assert "--mask belongs to --pipeline published" in result.output


def test_an_unknown_detector_is_one_clear_line(run, portrait):
    portrait.save("me.png")
    with pytest.raises(UnknownWeights, match=r"retinaface-mobilenet0\.25 or retinaface-resnet50"):
        run("me.png", "--detector", "yolo")


def test_the_masks_are_those_of_the_pipeline():
    assert list(MASKS) == [each.value for each in FaceMask]


@pytest.fixture
def realesrgan(tmp_path):
    """A file of a tiny network of Real-ESRGAN."""
    torch.save({"params": published_weights("srvgg.safetensors")}, tmp_path / "tiny.pth")
    return tmp_path / "tiny.pth"


def test_the_background_may_be_enlarged_by_a_model_and_the_mark_says_so(run, portrait, realesrgan, tmp_path):
    portrait.save("me.png")
    assert run("me.png", "--upscale", "2", "--background", realesrgan).exit_code == 0
    with PIL.Image.open(tmp_path / "restored" / "me.png") as picture:
        assert picture.size == (512, 512)
        assert "background enlarged by a model (Real-ESRGAN, weights tiny.pth)" in picture.getexif()[11]


def test_a_photo_without_faces_is_written_where_a_model_enlarges_it(run, realesrgan, tmp_path):
    PIL.Image.new("RGB", (40, 30), "green").save("meadow.png")
    result = run("meadow.png", "--upscale", "2", "--background", realesrgan)
    assert result.exit_code == 0
    assert "0 faces" in result.output
    assert size_of(tmp_path / "restored" / "meadow.png") == ((80, 60), "PNG")


def test_a_model_for_the_background_needs_an_upscale(run, portrait):
    portrait.save("me.png")
    result = run("me.png", "--background", "realesr-general-x4v3")
    assert result.exit_code == 2
    assert "add --upscale 2 or --upscale 4" in result.output


def test_an_unknown_background_is_answered_with_the_known_ones(run, portrait):
    portrait.save("me.png")
    with pytest.raises(UnknownWeights, match="lanczos, realesr-general-x4v3"):
        run("me.png", "--upscale", "2", "--background", "esrgan")


@pytest.mark.parametrize("option", ["--report", "--contact-sheet"])
@pytest.mark.parametrize("name", ["me.png", "restored/me.png", "./me.png"])
def test_neither_a_photo_nor_a_result_is_written_over_by_a_report(run, portrait, tmp_path, option, name):
    portrait.save("me.png")
    before = (tmp_path / "me.png").read_bytes()
    assert run("me.png", option, name, "--overwrite").exit_code == 2
    assert (tmp_path / "me.png").read_bytes() == before


def test_a_report_that_exists_is_replaced_only_if_asked(run, portrait, tmp_path):
    portrait.save("me.png")
    (tmp_path / "faces.jsonl").write_text("precious")
    assert run("me.png", "--report", "faces.jsonl").exit_code == 2
    assert (tmp_path / "faces.jsonl").read_text() == "precious"
    assert run("me.png", "--report", "faces.jsonl", "--overwrite").exit_code == 0
    assert json.loads((tmp_path / "faces.jsonl").read_text())["outcome"] == "restored"


def test_a_contact_sheet_shows_what_became_of_each_photo(run, portrait, tmp_path):
    (tmp_path / "in").mkdir()
    portrait.save("in/me.png")
    portrait.rotate(180).save("in/upside.png")
    PIL.Image.new("RGB", (64, 64)).save("in/dark.png")
    assert run("in", "-o", "out", "--rotate", "auto", "--contact-sheet", "sheet.html").exit_code == 1
    page = (tmp_path / "sheet.html").read_text()
    assert page.count("data:image/webp") == 8  # two photos and their faces, before and after
    assert "dark.png</h2><p>no face found" in page


def test_a_face_of_which_little_was_left_is_said_to_be_largely_guessed(run, portrait, tmp_path):
    (tmp_path / "in").mkdir()
    portrait.save("in/good.png")
    portrait.resize((12, 12)).resize(portrait.size).save("in/tiny.png")
    result = run("in", "--aligned", "--report", "faces.jsonl", "--contact-sheet", "sheet.html")
    reports = [json.loads(line) for line in (tmp_path / "faces.jsonl").read_text().splitlines()]
    good, tiny = sorted((each["faces"][0] for each in reports), key=lambda face: -face["trust"])
    assert good["trust"] > 0.6
    assert not good["largely_guessed"]
    assert tiny["trust"] < 0.3
    assert tiny["largely_guessed"]
    guess = f"at 0, 0: trust {tiny['trust']:.2f}"
    assert result.output.count(f"1 face largely guessed: {guess}") == 1
    assert result.output.endswith("largely guessed       1\n")
    assert f"<li>largely guessed: {guess}" in (tmp_path / "sheet.html").read_text()


@pytest.mark.parametrize(
    "option", [("--face", "0"), ("--face", "9,9,1,1"), ("--keep", "nowhere.png"), ("--rotate", "45")]
)
def test_choices_that_are_none_are_refused(run, portrait, option):
    portrait.save("me.png")
    assert run("me.png", *option).exit_code == 2


@pytest.mark.parametrize("option", [("--face", "largest"), ("--rotate", "90"), ("--any-angle",), ("--sharp", "skip")])
def test_an_aligned_face_is_neither_chosen_nor_turned(run, portrait, option):
    portrait.save("me.png")
    assert run("me.png", "--aligned", *option).exit_code == 2
