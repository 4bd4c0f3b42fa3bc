import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from retrato.data import (
    DrawnBatches,
    FaceImages,
    StoredImage,
    find_stored_images,
    load_batches,
    random_state,
    source_shares,
)
from retrato.errors import UnusableData


def png(level, size=8):
    file = io.BytesIO()
    PIL.Image.fromarray(np.full((size, size, 3), level, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    for name, level in (("b_1.png", 20), ("a_1.png", 10), ("sub/c_1.png", 30)):
        path = tmp_path / "faces" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(png(level))
    (tmp_path / "faces" / "notes.txt").write_text("not a picture")
    return tmp_path / "faces"


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "faces.tar"
    with tarfile.open(path, "w") as tar:
        for name, level in (("x_2.png", 50), ("x_1.png", 40)):
            content = png(level)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_pictures_are_found_in_folders_and_archives_sorted(folder, archive):
    found = find_stored_images([folder, archive])
    assert [each.name for each in found] == ["a_1.png", "b_1.png", "sub/c_1.png", "x_1.png", "x_2.png"]


def test_pictures_in_folders_and_archives_are_decoded(folder, archive):
    images = FaceImages(find_stored_images([folder, archive]), 8)
    assert [int(images[index][0, 0, 0]) for index in range(len(images))] == [10, 20, 30, 40, 50]


def test_pictures_are_brought_to_the_asked_size(folder):
    assert FaceImages(find_stored_images([folder]), 4)[0].shape == (3, 4, 4)


def test_a_broken_picture_is_named(folder):
    (folder / "b_1.png").write_bytes(png(20)[:40])
    with pytest.raises(UnusableData, match=r"b_1\.png"):
        FaceImages(find_stored_images([folder]), 8)[1]


def test_a_picture_that_is_not_square_is_refused(tmp_path):
    PIL.Image.new("RGB", (8, 6)).save(tmp_path / "wide.png")
    with pytest.raises(UnusableData, match="8x6"):
        FaceImages(find_stored_images([tmp_path]), 8)[0]


def test_a_place_without_pictures_is_refused(tmp_path):
    with pytest.raises(UnusableData, match="no pictures"):
        find_stored_images([tmp_path])
    with pytest.raises(UnusableData, match="no folder"):
        find_stored_images([tmp_path / "gone"])
    (tmp_path / "faces.tar").write_text("not an archive")
    with pytest.raises(UnusableData, match="not a readable, uncompressed tar"):
        find_stored_images([tmp_path / "faces.tar"])


def test_a_source_counts_with_the_root_of_its_pictures():
    large, small = StoredImage("a", Path("a"), source="large"), StoredImage("b", Path("b"), source="small")
    shares = source_shares([large] * 100 + [small])
    assert shares[:100].sum().item() == pytest.approx(10)
    assert shares[100].item() == 1


def test_a_source_is_a_subfolder_a_prefix_or_else_the_place(tmp_path):
    for name in ("one/x.png", "congress_1.png", "00017.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(png(1))
    sources = [each.source for each in find_stored_images([tmp_path])]
    assert sources == [str(tmp_path), "congress", f"{tmp_path}/one"]


def test_batches_are_drawn_by_shares():
    drawn = DrawnBatches(torch.tensor([1.0, 3.0]), 10, 0, range(200))
    counts = Counter(index for batch in drawn for index in batch)
    assert counts[1] / counts[0] == pytest.approx(3, rel=0.15)


def test_a_later_start_goes_on_with_the_same_batches():
    shares = torch.ones(50)
    assert list(DrawnBatches(shares, 4, 7, range(10)))[6:] == list(DrawnBatches(shares, 4, 7, range(6, 10)))


def test_random_states_hang_on_seed_iteration_and_purpose():
    draws = {
        torch.rand((), generator=random_state(seed, iteration, purpose)).item()
        for seed in (0, 1)
        for iteration in (0, 1)
        for purpose in ("batch", "step")
    }
    assert len(draws) == 8


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_are_loaded_in_order(archive, threads):
    images = FaceImages(find_stored_images([archive]), 8)
    loaded = list(load_batches(images, [[0, 1], [1, 1]] * 9, threads))
    assert [batch.pictures[:, 0, 0, 0].tolist() for batch in loaded] == [[40, 50], [50, 50]] * 9
