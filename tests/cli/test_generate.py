import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from PIL.ExifTags import Base

from doubles import TINY, tiny_dcgan_task
from retrato.cli.main import retrato
from retrato.errors import UnknownWeights, UnusableWeights, UnwritableOutput
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from retrato.weights.store import StoredWeights, config_fields, write_weights

CONFIG = StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2, fold=2)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command in a folder with weights by chance, `prior.safetensors`."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    tensors = StyleGAN2Generator(CONFIG).state_dict()
    write_weights(tmp_path / "prior.safetensors", StoredWeights("stylegan2", config_fields(CONFIG), tensors, {}))

    def call(*arguments, weights="prior.safetensors"):
        return CliRunner().invoke(retrato, ["generate", weights, *map(str, arguments)])

    return call


def pixels(path):
    with PIL.Image.open(path) as picture:
        return np.array(picture.convert("RGB")).astype(int)


def size_of(path):
    with PIL.Image.open(path) as picture:
        return picture.size


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# Pictures


def test_pictures_are_named_by_their_seed_and_place(run, tmp_path):
    result = run("-o", "faces", "--count", 2, "--seed", 7)
    assert result.exit_code == 0, result.output
    assert names_in(tmp_path / "faces") == ["seed7-0000.png", "seed7-0001.png"]
    assert "2 faces by StyleGAN2, weights prior.safetensors -> faces" in result.output


def test_sixteen_faces_of_the_generators_size_are_drawn_unless_told_otherwise(run, tmp_path):
    run("-o", "faces")
    assert [size_of(path) for path in (tmp_path / "faces").iterdir()] == [(32, 32)] * 16


def test_a_face_is_the_same_however_many_are_drawn(run):
    run("-o", "few", "--count", 2)
    run("-o", "many", "--count", 10)
    assert np.abs(pixels("few/seed0-0001.png") - pixels("many/seed0-0001.png")).max() <= 1


def test_without_a_name_the_small_prior_draws_that_comes_with_retrato(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(retrato, ["generate", "-o", "faces", "--count", "2"])
    assert result.exit_code == 0, result.output
    one, other = (pixels(path) for path in sorted((tmp_path / "faces").iterdir()))
    assert one.shape == (64, 64, 3)
    assert np.abs(one - other).mean() > 5


def test_another_seed_draws_other_faces(run):
    run("-o", "faces", "--count", 1)
    run("-o", "faces", "--count", 1, "--seed", 1)
    assert np.abs(pixels("faces/seed0-0000.png") - pixels("faces/seed1-0000.png")).max() > 1


def test_without_any_distance_to_the_mean_all_faces_are_one(run):
    run("-o", "faces", "--count", 2, "--truncation", 0)
    assert np.abs(pixels("faces/seed0-0000.png") - pixels("faces/seed0-0001.png")).max() <= 1


def test_a_single_picture_may_be_named(run, tmp_path):
    assert run("-o", "me.png", "--count", 1).exit_code == 0
    assert size_of(tmp_path / "me.png") == (32, 32)


@pytest.mark.parametrize("name", ["me.png", "film.mp4"])
def test_one_file_name_for_many_pictures_is_a_wrong_option(run, tmp_path, name):
    result = run("-o", name)
    assert result.exit_code == 2
    assert f"{name} is one file name for 16 pictures" in result.output
    assert names_in(tmp_path) == ["prior.safetensors"]


# Sheets


def test_a_sheet_shows_all_faces(run, tmp_path):
    run("-o", "sheet.png", "--as", "sheet", "--count", 5)
    assert size_of(tmp_path / "sheet.png") == (3 * 32 + 2 * 4 + 2 * 8, 2 * 32 + 4 + 2 * 8)  # gaps of 4, margins of 8


def test_a_sweep_has_a_column_for_each_strength(run, tmp_path):
    run("-o", "sweep.png", "--as", "sweep", "--count", 2)
    assert size_of(tmp_path / "sweep.png")[0] == 6 * 32 + 5 * 4 + 2 * 8


def test_a_sweep_begins_with_the_mean_face_in_every_row(run):
    run("-o", "sweep.png", "--as", "sweep", "--count", 2)
    sheet = pixels("sweep.png")[:, 8:40]  # the first column
    first, second = sheet[-8 - 32 - 4 - 32 : -8 - 32 - 4], sheet[-8 - 32 : -8]
    assert np.abs(first - second).max() <= 1


def test_a_mixing_has_its_sources_at_the_left_and_above(run, tmp_path):
    run("-o", "mixing.png", "--as", "mixing", "--count", 2)
    assert size_of(tmp_path / "mixing.png")[0] == 3 * 32 + 2 * 4 + 2 * 8
    corner = pixels("mixing.png")[-8 - 3 * 32 - 2 * 4 : -8 - 2 * 32 - 2 * 4, 8:40]
    assert (corner == 255).all()


def test_the_faces_at_the_left_of_a_mixing_are_those_of_the_pictures(run):
    run("-o", "mixing.png", "--as", "mixing", "--count", 2)
    run("-o", "faces", "--count", 2)
    last_at_the_left = pixels("mixing.png")[-8 - 32 : -8, 8:40]
    assert np.abs(last_at_the_left - pixels("faces/seed0-0001.png")).max() <= 1


# Films


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_film_takes_its_time_for_each_face(run, tmp_path, suffix):
    name = f"film.{suffix}"
    result = run("-o", name, "--as", "film", "--count", 2, "--seconds-per-face", 0.2)
    assert result.exit_code == 0, result.output
    with PIL.Image.open(tmp_path / name) as film:
        duration = 0
        for index in range(film.n_frames):  # fewer than drawn: Pillow keeps one of several that are alike
            film.seek(index)
            film.load()
            duration += film.info["duration"]
    assert duration == 2 * 5 * 40


def test_an_mp4_has_25_frames_a_second(run, tmp_path):
    run("-o", "film.mp4", "--as", "film", "--count", 2, "--seconds-per-face", 0.2)
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    assert (film.get(cv2.CAP_PROP_FRAME_COUNT), film.get(cv2.CAP_PROP_FPS)) == (10, 25)
    film.release()


# The mark


@pytest.mark.parametrize(
    "arguments",
    [
        ("result.png", "--count", 1),
        ("result.jpg", "--as", "sheet"),
        ("result.tif", "--as", "mixing"),
        ("result.webp", "--as", "sweep"),
        ("result.webp", "--as", "film", "--seconds-per-face", 0.1),
    ],
)
def test_every_result_says_that_it_shows_no_real_person(run, tmp_path, arguments):
    run("-o", *arguments)
    with PIL.Image.open(tmp_path / arguments[0]) as picture:
        mark = picture.getexif()[Base.ProcessingSoftware]
    assert "drawn by a model, shows no real person (StyleGAN2, weights prior.safetensors)" in mark


def test_a_gif_says_it_in_its_comment(run, tmp_path):
    run("-o", "film.gif", "--as", "film", "--seconds-per-face", 0.1)
    with PIL.Image.open(tmp_path / "film.gif") as film:
        assert b"shows no real person" in film.info["comment"]


def test_a_format_without_room_for_the_mark_is_refused(run):
    result = run("-o", "sheet.bmp", "--as", "sheet")
    assert isinstance(result.exception, UnwritableOutput)
    assert "BMP has no room" in str(result.exception)


# What is refused


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("faces/seed0-0001.png", ("-o", "faces", "--count", 2)),
        ("sheet.png", ("-o", "sheet.png", "--as", "sheet")),
        ("film.gif", ("-o", "film.gif", "--as", "film", "--seconds-per-face", 0.1)),
    ],
)
def test_what_exists_is_kept_unless_it_may_be_replaced(run, tmp_path, name, arguments):
    (tmp_path / "faces").mkdir()
    (tmp_path / name).write_bytes(b"precious")
    result = run(*arguments)
    assert "a file of this name exists" in str(result.exception)
    assert (tmp_path / name).read_bytes() == b"precious"
    assert not (tmp_path / "faces/seed0-0000.png").exists()
    assert run(*arguments, "--overwrite").exit_code == 0
    assert (tmp_path / name).read_bytes() != b"precious"


def test_a_film_needs_the_name_of_a_film(run):
    result = run("-o", "film.png", "--as", "film")
    assert "no known film format; use one of .gif, .webp, .mp4" in str(result.exception)


def test_a_sheet_needs_the_name_of_a_picture(run):
    result = run("-o", "sheet", "--as", "sheet")
    assert "no known picture format" in str(result.exception)


def test_weights_of_a_restorer_are_refused(run, tmp_path):
    config = config_fields(TINY)
    write_weights(tmp_path / "gfpgan.safetensors", StoredWeights("gfpgan", config, GFPGAN(TINY).state_dict(), {}))
    result = run("-o", "faces", weights="gfpgan.safetensors")
    assert isinstance(result.exception, UnusableWeights)
    assert "GFP-GAN" in str(result.exception)


def test_an_unknown_name_of_weights_is_refused_before_a_folder_is_made(run, tmp_path):
    result = run("-o", "faces", weights="best")
    assert isinstance(result.exception, UnknownWeights)
    assert not (tmp_path / "faces").exists()


@pytest.fixture
def drawer(tmp_path):
    write_weights(tmp_path / "drawer.safetensors", tiny_dcgan_task().weights())
    return str(tmp_path / "drawer.safetensors")


def test_a_dcgan_draws_pictures_that_say_so(tmp_path, drawer):
    result = CliRunner().invoke(retrato, ["generate", drawer, "-o", str(tmp_path / "drawn"), "--count", "3"])
    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "drawn").iterdir())
    assert len(files) == 3
    with PIL.Image.open(files[0]) as picture:
        assert picture.size == (32, 32)
        assert "shows no real person (DCGAN, weights drawer.safetensors)" in picture.getexif()[Base.ProcessingSoftware]


def test_a_dcgan_walks_through_its_latents(tmp_path, drawer):
    film = tmp_path / "walk.gif"
    arguments = ["generate", drawer, "-o", str(film), "--as", "film", "--count", "2", "--seconds-per-face", "0.1"]
    result = CliRunner().invoke(retrato, arguments)
    assert result.exit_code == 0, result.output
    with PIL.Image.open(film) as walk:
        assert walk.n_frames == 4


@pytest.mark.parametrize("kind", ["sweep", "mixing"])
def test_a_dcgan_has_no_styles_to_sweep_or_mix(tmp_path, drawer, kind):
    result = CliRunner().invoke(retrato, ["generate", drawer, "-o", str(tmp_path / "sheet.png"), "--as", kind])
    assert result.exit_code == 2
    assert "a DCGAN has no styles" in result.output
