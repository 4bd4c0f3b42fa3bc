"""Nothing that a file holds is run, and nothing is written or read but where it was asked for."""

import ast
import io
import json
import os
import pickle
import struct
import tarfile
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from doubles import TINY, tiny_task
from retrato.cli.main import retrato
from retrato.data import FaceImages, find_stored_images
from retrato.data.places import read_ffhq_places
from retrato.errors import RetratoError, UnknownWeights, UnusableData
from retrato.images.png_files import SIGNATURE, chunk
from retrato.metrics.feature_files import read_published_statistics, read_statistics
from retrato.metrics.features import FeatureKind
from retrato.networks.gfpgan import GFPGAN
from retrato.restoration.folders.jobs import find_jobs
from retrato.restoration.loading import load_restorer
from retrato.training.run_folder import RunFolder
from retrato.weights import judges
from retrato.weights.bundle import BUNDLED_FILES
from retrato.weights.catalog import PUBLISHED_FILES, published_file
from retrato.weights.companions import load_parsenet, load_retinaface
from retrato.weights.convert import convert
from retrato.weights.files import read_torch, read_torch_arrays
from retrato.weights.load import describe_weights, load_network
from retrato.weights.store import StoredWeights, config_fields, read_story, read_weights, write_weights
from retrato.weights.upscalers import load_upscaler

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("src", "benchmarks", "examples", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


@cache
def calls():
    """Place, full name and node of every call in the sources."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.unparse(node.func), node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def keyword(node, name):
    found = next((each.value for each in node.keywords if each.arg == name), None)
    return found.value if isinstance(found, ast.Constant) else None


# Nothing is run


def test_torch_reads_nothing_but_tensors_anywhere():
    found = [(place, keyword(node, "weights_only")) for place, name, node in calls() if name == "torch.load"]
    assert len(found) >= 4
    assert [place for place, only in found if only is not True] == []


def test_numpy_reads_no_pickles_anywhere():
    found = [
        (place, keyword(node, "allow_pickle")) for place, name, node in calls() if name in {"np.load", "numpy.load"}
    ]
    assert found
    assert [place for place, allowed in found if allowed] == []


FORBIDDEN = (
    "pickle.load pickle.loads pickle.Unpickler joblib.load torch.jit.load torch.hub.load torch.export.load eval exec"
)
FORBIDDEN += " os.system os.popen yaml.load shelve.open marshal.loads subprocess.run subprocess.Popen"


@pytest.mark.parametrize("forbidden", FORBIDDEN.split())
def test_nothing_that_runs_what_it_reads_is_called_in_the_package(forbidden):
    assert [place for place, name, _ in calls() if name == forbidden and place.startswith("src/")] == []


def test_archives_are_never_unpacked_in_the_package():
    assert [
        place for place, name, _ in calls() if name.endswith((".extract", ".extractall")) and place.startswith("src/")
    ] == []


def test_pictures_are_opened_where_their_pixels_are_limited_and_nowhere_else():
    openers = {"PIL.Image.open", "Image.open", "PillowImage.open", "cv2.imread", "cv2.imdecode", "skimage.io.imread"}
    found = {place for place, name, _ in calls() if name in openers and place.startswith("src/")}
    assert found
    assert all(place.startswith("src/retrato/images/") for place in found)


class Harmful:
    """Unpickling it makes a folder."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def resume(path):
    run = RunFolder(path.parent / "run")
    run.checkpoints.mkdir(parents=True)
    path.rename(run.checkpoints / "0000001.pt")
    run.resume(tiny_task())


READERS = {
    "tensors": read_torch,
    "tensors, mapped": lambda path: read_torch(path, mapped=True),
    "arrays": read_torch_arrays,
    "our weights": read_weights,
    "their story": read_story,
    "any network": load_network,
    "any restorer": load_restorer,
    "a restorer for ONNX Runtime": lambda path: load_restorer(path.rename(path.with_suffix(".onnx"))),
    "what weights are": describe_weights,
    "an upscaler": load_upscaler,
    "RetinaFace": load_retinaface,
    "ParseNet": load_parsenet,
    "conversion": lambda path: convert(path, path.with_name("converted.safetensors")),
    "a checkpoint": resume,
    "FFHQ's landmarks": read_ffhq_places,
    "statistics": read_statistics,
    "published statistics": lambda path: read_published_statistics(path, FeatureKind.INCEPTION_2048, "any"),
}
CONTAINERS = {
    "zip": torch.save,
    "old": lambda content, path: torch.save(content, path, _use_new_zipfile_serialization=False),
    "pickle": lambda content, path: path.write_bytes(pickle.dumps(content, 2)),
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".ckpt"])
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_would_run_something_is_refused_and_does_not(reader, container, suffix, tmp_path):
    if "ONNX" in reader:
        pytest.importorskip("onnxruntime")
    mark, path = tmp_path / "harm", tmp_path / f"weights{suffix}"
    CONTAINERS[container]({"params_ema": {"conv_first.weight": torch.ones(1), "x": Harmful(mark)}}, path)
    with pytest.raises(RetratoError):
        READERS[reader](path)
    assert not mark.exists()


JUDGES = [
    judges.load_mobilefacenet,
    judges.load_vgg19,
    judges.load_arcface,
    judges.load_dists,
    judges.load_pristine_statistics,
]


@pytest.mark.parametrize("load", JUDGES, ids=lambda load: load.__name__)
def test_no_network_that_judges_runs_something(load, tmp_path, monkeypatch):
    mark, path = tmp_path / "harm", tmp_path / "judge.pth"
    torch.save({"state_dict": Harmful(mark)}, path)
    monkeypatch.setattr(judges, "find_weights", lambda name: path)
    with pytest.raises(RetratoError):
        load()
    assert not mark.exists()


def test_statistics_that_would_run_something_are_refused_and_do_not(tmp_path):
    mark, path = tmp_path / "harm", tmp_path / "statistics.npz"
    np.savez(path, mu=np.array([Harmful(mark)], dtype=object), sigma=np.eye(2))
    with pytest.raises(RetratoError):
        read_published_statistics(path, FeatureKind.INCEPTION_2048, "any")
    assert not mark.exists()


def test_an_onnx_file_reads_nothing_that_lies_beside_it(tmp_path):
    onnx = pytest.importorskip("onnx")
    from retrato.weights.files import read_onnx_initializers

    (tmp_path / "secret").write_bytes(bytes(range(16)))
    tensor = onnx.TensorProto(name="weight", dims=[4], data_type=onnx.TensorProto.FLOAT)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], [tensor]))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(RetratoError):
        read_onnx_initializers(tmp_path / "model.onnx")


# Headers of weights


@pytest.fixture(scope="module")
def weights_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    torch.manual_seed(0)
    write_weights(path, StoredWeights("gfpgan", config_fields(TINY), GFPGAN(TINY).state_dict(), {"recipe": "tiny"}))
    return path, path.read_bytes()


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), run=st.binary(min_size=1, max_size=8), length=st.floats(0.01, 1))
def test_a_damaged_header_of_weights_is_refused_or_harmless(weights_bytes, place, run, length):
    path, whole = weights_bytes
    header_size = 8 + struct.unpack("<Q", whole[:8])[0]
    at = int(place * header_size)
    damaged = whole[:at] + run + whole[at + len(run) :]
    path.write_bytes(damaged[: int(len(whole) * length)] if length < 0.5 else damaged)
    with suppress(RetratoError):  # all else fails the test
        load_network(path)


@settings(max_examples=60)
@given(changes=st.dictionaries(st.sampled_from([*config_fields(TINY)["prior"], *config_fields(TINY), "?"]), anything))
def test_any_config_in_the_header_is_refused_or_harmless(weights_bytes, changes):
    path, _ = weights_bytes
    prior = {**config_fields(TINY)["prior"], **changes}
    header = {"format": "retrato", "network": "gfpgan", "config": json.dumps({"prior": prior, **changes})}
    path.write_bytes(save({"x": torch.zeros(1)}, header))
    with pytest.raises(RetratoError):
        load_network(path)


# Nothing is written or read elsewhere


@pytest.mark.parametrize(
    "name", ["../weights", "/etc/passwd", "..", "gfpgan-v1.4/../../x", "gfpgan-v1.4\0", "a\nb", ""]
)
def test_a_name_of_weights_is_one_of_the_catalog_and_no_path(name):
    with pytest.raises(UnknownWeights):
        published_file(name)
    result = CliRunner().invoke(retrato, ["weights", "path", name])
    assert result.exit_code == 1
    assert isinstance(result.exception, UnknownWeights)


def test_every_file_of_the_catalog_has_a_bare_name_and_an_address_that_is_checked():
    for each in (*PUBLISHED_FILES, *BUNDLED_FILES):
        assert Path(each.file_name).name == each.file_name
        assert not each.file_name.startswith((".", "-"))
    assert all(url.startswith(("https://", "http://")) for each in PUBLISHED_FILES for url in each.urls)


@pytest.mark.parametrize(
    "name", ["-o.png", "a\nb.png", "\x1b[31m.png", "…" * 60 + ".png", "~.png", "$HOME.png", "%s.png"]
)
@pytest.mark.parametrize("format_name", [None, "JPEG"])
def test_a_result_stands_in_its_folder_whatever_the_photo_is_called(name, format_name):
    folder = Path("restored")
    (job,) = find_jobs([Path("/photos") / name], folder, format_name=format_name)
    assert job.target.parent == folder


def test_a_name_can_neither_pretend_to_be_a_message_nor_steer_the_terminal(tmp_path):
    (tmp_path / "a\nnot done: b\x1b[2J.jpg").write_text("dear diary")
    result = CliRunner().invoke(retrato, ["degrade", str(tmp_path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert [line for line in result.output.splitlines() if line.startswith("not done: b")] == []
    assert r"a\nnot done: b\x1b[2J.jpg" in result.output


def tar_of(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            member.linkname = "/etc/passwd" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def png(side=8):
    file = io.BytesIO()
    PIL.Image.new("RGB", (side, side), "gold").save(file, "PNG")
    return file.getvalue()


def test_an_archive_writes_nothing_and_its_links_lead_nowhere(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    names = ["../escape.png", "/tmp/absolute.png", "a/../../b.png", "plain.png"]
    members = [(name, png(), tarfile.REGTYPE) for name in names]
    members += [
        ("link.png", b"", tarfile.SYMTYPE),
        ("hard.png", b"", tarfile.LNKTYPE),
        ("pipe.png", b"", tarfile.FIFOTYPE),
    ]
    (tmp_path / "work" / "faces.tar").write_bytes(tar_of(members))
    images = FaceImages(find_stored_images([Path("faces.tar")]), 8)
    assert len(images) == 2
    assert all(images[index].shape == (3, 8, 8) for index in range(len(images)))
    assert [each.name for each in tmp_path.iterdir()] == ["work"]
    assert [each.name for each in (tmp_path / "work").iterdir()] == ["faces.tar"]


TAR = tar_of(
    [
        ("a.png", png(), tarfile.REGTYPE),
        ("b" * 120 + ".png", png(), tarfile.REGTYPE),
        ("c.json", b"{}", tarfile.REGTYPE),
    ]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(TAR) - 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4))
def test_a_damaged_archive_gives_pictures_or_is_refused(tmp_path_factory, damages):
    data = bytearray(TAR)
    for place, run in damages:
        data[place : place + len(run)] = run
    path = tmp_path_factory.getbasetemp() / "damaged.tar"
    path.write_bytes(data)
    with suppress(UnusableData):  # all else fails the test
        images = FaceImages(find_stored_images([path]), 8)
        for index in range(len(images)):
            assert images[index].shape == (3, 8, 8)


# Limits on pixels, wherever pictures are read


@pytest.fixture
def bomb(tmp_path):
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb" / "bomb.png"
    path.parent.mkdir()
    kinds, contents = (b"IHDR", b"IDAT", b"IEND"), (header, zlib.compress(bytes(1000)), b"")
    path.write_bytes(SIGNATURE + b"".join(map(chunk, kinds, contents)))
    return path


def test_a_face_to_learn_from_has_limited_pixels(bomb):
    with pytest.raises(UnusableData, match="too large"):
        FaceImages(find_stored_images([bomb.parent]), 8)[0]


@pytest.mark.parametrize(
    "command",
    [
        ("restore", "-o", "out"),
        ("degrade", "-o", "out"),
        ("prepare", "-o", "out"),
        ("evaluate", "restoration", "--metrics", "psnr"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_limits_the_pixels_that_it_reads(command, bomb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(retrato, [*command, str(bomb.parent)])
    assert "too large" in result.output + str(result.exception)
