import io
import json
import tarfile

import numpy as np
import PIL.Image
import pytest
import torch

from retrato.data import FaceImages, find_stored_images, read_ffhq_places
from retrato.errors import UnusableData
from retrato.losses.components import TEMPLATE_PLACES, Component, as_tensor

COMPONENTS = {"left eye": [0.3, 0.4, 0.1], "right eye": [0.6, 0.4, 0.1], "mouth": [0.5, 0.7, 0.2]}


PLACELESS = [
    json.dumps({"components": {**COMPONENTS, "left eye": place}})
    for place in ([float("nan"), 0.4, 0.2], [0.3, 0.4, float("nan")], [0.3, 0.4, 0], [1e30, 0.4, 0.2], [0.3, 0.4, -1])
]
"""Python's JSON writes and reads what is no number."""


def write_face(folder, name, notes=None):
    folder.mkdir(exist_ok=True)
    PIL.Image.new("RGB", (8, 8)).save(folder / f"{name}.png")
    if notes is not None:
        (folder / f"{name}.json").write_text(notes)


def places_of(folder, **options):
    return FaceImages(find_stored_images([folder]), 8, **options).places(0)


def test_places_stand_in_the_notes_beside_a_face(tmp_path):
    write_face(tmp_path, "a", json.dumps({"components": COMPONENTS}))
    torch.testing.assert_close(places_of(tmp_path), torch.tensor(list(COMPONENTS.values())))


def test_places_stand_in_the_notes_beside_a_face_in_an_archive(tmp_path):
    write_face(tmp_path / "faces", "a", json.dumps({"components": COMPONENTS}))
    with tarfile.open(tmp_path / "faces.tar", "w") as tar:
        tar.add(tmp_path / "faces", arcname=".")
    torch.testing.assert_close(places_of(tmp_path / "faces.tar"), torch.tensor(list(COMPONENTS.values())))


@pytest.mark.parametrize("notes", [None, "{}"])
def test_without_notes_places_are_those_of_the_template(tmp_path, notes):
    write_face(tmp_path, "a", notes)
    torch.testing.assert_close(places_of(tmp_path), as_tensor(TEMPLATE_PLACES))


@pytest.mark.parametrize("notes", ["{", "[]", '{"components": {"mouth": [1, 2, 3]}}', *PLACELESS, '{"components": 5}'])
def test_broken_notes_are_named(tmp_path, notes):
    write_face(tmp_path, "a", notes)
    with pytest.raises(UnusableData, match=r"a\.json"):
        places_of(tmp_path)


def ffhq_file(path):
    """As scripts/parse_landmark.py of TencentARC/GFPGAN writes it: lists of NumPy numbers."""
    x, y = np.mean(np.array([[190.0, 240.0], [200.0, 242.0]]), 0)
    eye = [x, y, np.max((12.0, 16))]
    torch.save(
        {"00000017": {"left_eye": eye, "right_eye": eye, "mouth": [np.float64(256), np.float64(371), 60.0]}}, path
    )
    return path


@pytest.mark.parametrize("name", ["00017", "00000017"])
def test_the_published_file_tells_places_by_the_numbers_of_faces(tmp_path, name):
    write_face(tmp_path / "faces", name)
    known = read_ffhq_places(ffhq_file(tmp_path / "ffhq.pth"))
    left_eye, _, mouth = places_of(tmp_path / "faces", known_places=known)
    torch.testing.assert_close(left_eye, torch.tensor([195 / 512, 241 / 512, 2 * 1.4 * 16 / 512]))
    torch.testing.assert_close(mouth, torch.tensor([0.5, 371 / 512, 120 / 512]))


@pytest.mark.parametrize("content", [b"", b"text", None, {"a": 1}, {"00000000": {"left_eye": [1]}}])
def test_another_file_than_the_published_one_is_refused(tmp_path, content):
    path = tmp_path / "ffhq.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(UnusableData, match="not the published file"):
        read_ffhq_places(path)


def test_nothing_but_numbers_is_unpickled(tmp_path):
    torch.save({"00000000": io.BytesIO}, tmp_path / "ffhq.pth")
    with pytest.raises(UnusableData, match="not the published file"):
        read_ffhq_places(tmp_path / "ffhq.pth")


def test_every_component_has_a_place():
    assert set(TEMPLATE_PLACES) == set(Component)
